"""Paper exchange and simulated market for nof0."""
