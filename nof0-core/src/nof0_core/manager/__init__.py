"""Traders: when each decides, with which capital, and what is kept of it."""
