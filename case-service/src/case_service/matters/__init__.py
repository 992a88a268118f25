"""What this service keeps of matters, partners' matters and sites: read models from events."""
