"""Sites, windows and queues (政务服务网点)."""
