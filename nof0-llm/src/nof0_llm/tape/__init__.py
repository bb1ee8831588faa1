"""Recording what models answered, and playing it back."""
