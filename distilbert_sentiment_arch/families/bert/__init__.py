"""BERT sequence classifiers."""
