"""The calls, one resource a file."""
