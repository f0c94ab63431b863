"""Checkpoint tensor name -> graph weight name, one module per model family."""
