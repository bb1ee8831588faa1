"""Opens what the configuration names, runs it, and closes it again."""
