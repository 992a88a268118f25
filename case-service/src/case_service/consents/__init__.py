"""What people agreed to, for which purpose and until when (授权同意)."""
