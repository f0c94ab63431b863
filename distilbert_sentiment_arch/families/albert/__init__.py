"""ALBERT sequence classifiers."""
