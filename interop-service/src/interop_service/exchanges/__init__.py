"""One case that two districts handle together: its messages out and in (互通往来)."""
