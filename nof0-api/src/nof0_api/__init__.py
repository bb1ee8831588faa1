"""HTTP API and dashboard for nof0."""
