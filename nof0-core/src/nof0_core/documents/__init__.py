"""The rows of the HTTP contract, each made in one place."""
