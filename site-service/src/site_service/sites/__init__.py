"""Sites, their windows and kiosks, and the matters handled there (政务服务网点)."""
