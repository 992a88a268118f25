"""Matters and their published versions (政务服务事项), and the metrics of their reform."""
