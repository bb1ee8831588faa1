"""The exchange provider."""
