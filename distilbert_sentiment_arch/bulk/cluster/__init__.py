"""A job on a Ray cluster."""
