"""Names of files that one part of the program writes and another one reads."""

METRICS_FILE = "nof0.prom"
"""The text file of the `prometheus` exporter, in its section's directory; the API serves it."""
