"""运行监测: what went between this district and its partners, how fast, and whose faults."""
