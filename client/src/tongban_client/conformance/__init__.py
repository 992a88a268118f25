"""Plays a partner, good and bad, against an endpoint that speaks the protocol."""
