"""Supervision (督办): lights, orders, their escalation, and the daily digest."""
