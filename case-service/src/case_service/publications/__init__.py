"""Licence decisions made public, without personal data (双公示)."""
