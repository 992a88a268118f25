"""Who went along or acted for the applicant (帮办代办)."""
