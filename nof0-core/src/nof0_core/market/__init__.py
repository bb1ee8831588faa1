"""One shared view of the market for all traders: fetched once, recorded exactly."""
