"""The `sql` exporter: the journal's lines and tables made of them, in PostgreSQL or SQLite."""
