"""What another district issued and counts here as our own (等效互认)."""
