"""DistilBERT sequence classifiers."""
