"""Signed messages between two districts that belong to no case, such as on evidence (函件)."""
