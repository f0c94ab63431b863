"""Findings about a machine, before and after a server is started on it."""
