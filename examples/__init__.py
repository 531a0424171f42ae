"""Things to run and to read, from a first search to the exported file."""
