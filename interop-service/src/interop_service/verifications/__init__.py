"""Whether a partner's e-licence is genuine and in force now, by its own word (证照查验)."""
