"""The launcher: one district's servers, services and data on one machine."""
