"""Tickets and the order in which windows call them (取号叫号)."""
