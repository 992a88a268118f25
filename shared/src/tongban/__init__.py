"""Tongban's shared kernel: how every service does things, never what the district does."""
