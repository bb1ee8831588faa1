"""A venue on this machine that speaks Hyperliquid's wire format: for rehearsals and tests."""
