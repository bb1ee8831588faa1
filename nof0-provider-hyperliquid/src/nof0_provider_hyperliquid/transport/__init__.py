"""How the venue is asked: one budget per network, the SDK in threads, errors in our words."""
