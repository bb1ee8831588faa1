"""Rule-based traders: the yardsticks every leaderboard needs, and what runs with no key."""
