"""Who relied on whose documents, and what they are told when one is disputed or ends (采信)."""
