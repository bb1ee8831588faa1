"""Accounts and positions of all traders, valued at current marks."""
