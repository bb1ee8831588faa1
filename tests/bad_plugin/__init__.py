"""A plugin with every kind of fault, one at a time, and the project that uses it."""
