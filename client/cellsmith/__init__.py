"""The Python client and the command line of Cellsmith; speak HTTP, and know nothing of the server."""

__version__ = "0.1.0"

DEFAULT_URL = "http://127.0.0.1:8642"
