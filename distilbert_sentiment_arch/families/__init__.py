"""Model families: how each names its configuration, its tensors and its graph."""
