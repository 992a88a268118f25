"""Who stands at which window and who helps, when (排班)."""
