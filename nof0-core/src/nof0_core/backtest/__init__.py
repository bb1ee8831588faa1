"""The engine over history: what replaces markets and venues, one run, its result, its check."""
