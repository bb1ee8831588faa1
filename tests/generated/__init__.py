"""Data directories as a real engine leaves them after a day, a month or a year, made fast."""
