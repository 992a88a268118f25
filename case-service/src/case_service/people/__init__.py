"""What a person may ask about himself: how he is told, what is kept of him, that it be erased."""
