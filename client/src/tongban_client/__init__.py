"""A partner district's side of the exchange protocol (docs/interop/protocol.md)."""
