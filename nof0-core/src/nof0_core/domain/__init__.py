"""Frozen value types that everything else speaks in. No type here does I/O."""
