"""Helpers (帮办代办员): one goes along with a person from window to window, or comes home."""
