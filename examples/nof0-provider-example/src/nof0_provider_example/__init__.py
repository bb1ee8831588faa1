"""Example plugin for nof0: an exchange that fills at the mark, and quiet hours."""
