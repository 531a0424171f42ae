"""The Python client and the command line of Cellsmith; speak HTTP, and know nothing of the server."""

DEFAULT_URL = "http://127.0.0.1:8642"
