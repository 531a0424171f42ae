"""The Python client and the command line of Cellsmith; speak HTTP, and know nothing of the server."""
