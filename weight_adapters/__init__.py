"""Checkpoint tensor name -> graph weight name, one module a model family. Imports no MAX."""
