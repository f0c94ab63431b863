"""Measured settings of a server for a model, a goal and the texts of a user."""
