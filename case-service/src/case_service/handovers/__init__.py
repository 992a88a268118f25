"""Licence decisions on their way to who supervises the holder (审管联动)."""
