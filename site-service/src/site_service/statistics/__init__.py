"""What the halls' days were like (统计): roll-ups that answer for any range at constant cost."""
