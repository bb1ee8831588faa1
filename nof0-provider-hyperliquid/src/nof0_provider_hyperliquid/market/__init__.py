"""The market provider: instruments, bars, quotes and books of the live venue."""
