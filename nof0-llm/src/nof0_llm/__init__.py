"""Model backends for nof0."""
