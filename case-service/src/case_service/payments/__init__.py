"""What a case costs, how it is paid, and what is given back (收费与缴费)."""
