"""CamemBERT sequence classifiers."""
