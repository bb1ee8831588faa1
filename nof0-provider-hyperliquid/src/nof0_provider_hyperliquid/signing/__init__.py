"""Wallets that sign, and the nonces they sign with."""
