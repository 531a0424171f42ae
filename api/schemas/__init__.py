"""The JSON that comes in and goes out, one subject a file."""
