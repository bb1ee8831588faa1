"""Before a run: what a section depends on at the venue, and what is at stake."""
