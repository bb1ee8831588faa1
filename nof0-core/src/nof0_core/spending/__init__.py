"""What models may cost and what they did: daily budgets, reservations, calls under way."""
