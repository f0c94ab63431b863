"""MAX: encoder graphs, their weights, and the batches that run through them; names no family."""
