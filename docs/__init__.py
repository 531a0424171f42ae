"""What writes the pages that follow the code."""
