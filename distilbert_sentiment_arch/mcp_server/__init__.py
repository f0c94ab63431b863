"""Classifier and machine reports as tools of the Model Context Protocol."""
