"""A reproducible campaign of hostile requests against a real server (``scripts/siege``)."""
