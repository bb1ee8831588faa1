"""The venue's answers, from JSON to values of the domain."""
