"""Language models trade crypto perpetuals: the engine."""
