"""What is known at this moment, in a Redis server."""
