"""Databases: the journal's lines and the tables made of them, in PostgreSQL or SQLite."""
