"""The exchange between districts (跨区通办)."""
