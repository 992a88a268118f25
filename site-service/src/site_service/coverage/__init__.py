"""The fifteen-minute circle: who lives how far from what (十五分钟办事圈)."""
