"""Recorded candles and funding rates: their files, and looking them up by time."""
