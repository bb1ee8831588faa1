"""Simulated market: candles of the past, or made up, under any clock."""
