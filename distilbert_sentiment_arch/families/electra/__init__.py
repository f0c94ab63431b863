"""ELECTRA sequence classifiers."""
