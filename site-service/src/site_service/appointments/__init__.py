"""Appointments at windows (预约), and the waiting list for them."""
