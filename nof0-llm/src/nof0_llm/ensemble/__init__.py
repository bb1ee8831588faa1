"""Several models vote."""
