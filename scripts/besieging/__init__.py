"""The siege: a reproducible campaign of hostile requests against a server (``scripts/siege``)."""
