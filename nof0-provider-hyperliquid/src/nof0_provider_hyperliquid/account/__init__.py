"""What the venue says of an account: its worth, orders, history, limits and news."""
