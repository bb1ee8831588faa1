"""Paper exchange: one account that survives restarts, filled at the prices of a market."""
