"""Built-in risk checks, each a pure rule over one decision and its context."""
