"""Every SQL statement on notices."""
