"""Everything that is sent to the venue to change something, and what came of it."""
