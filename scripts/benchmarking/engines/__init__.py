"""Engines that run the model: one module per engine.

A module has ``ENVIRONMENT`` (the interpreter that it runs in, see ``environments.py``)
and ``load``, which returns an ``Engine``. Importing it must not import the engine's library: the
harness imports it to ask for the environment.
"""
