"""Readers of the journal that keep something for others: files, metrics, messages."""
