"""Jobs, and all that is decided about them; the only floor with a database."""
