"""The shape of each configuration file: one class per mapping, keys and defaults as documented."""
