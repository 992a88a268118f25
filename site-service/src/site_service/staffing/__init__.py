"""How many windows to open (排班测算): from measured arrivals and visits, for a day to come."""
