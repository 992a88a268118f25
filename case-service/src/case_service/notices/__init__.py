"""What applicants are told on the way, and how it reached them (通知消息)."""
