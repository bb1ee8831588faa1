"""Other processes that run backtests: one asks, the other serves."""
