"""汇聚: what the district changed, reported upward, and compared with what arrived there."""
