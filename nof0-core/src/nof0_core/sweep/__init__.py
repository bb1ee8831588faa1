"""Many backtests over history: variants, windows and seeds, shared out and compared."""
