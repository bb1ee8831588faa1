"""What the engine remembers: the fold of all events, and the recorder that adds to them.

The same code rebuilds it from the journal after a restart and keeps it up to date while the engine
runs.
"""
