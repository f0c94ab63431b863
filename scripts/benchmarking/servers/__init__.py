"""Servers of the model over HTTP: one module per server.

A module has ``ENVIRONMENT`` (see ``environments.py``) and ``make``, which returns a
``Server``. Files that end in ``_app`` are the programs of servers that are written here; they run
in that environment.
"""
