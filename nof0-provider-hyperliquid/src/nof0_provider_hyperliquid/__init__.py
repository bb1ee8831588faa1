"""Hyperliquid market and exchange for nof0."""
