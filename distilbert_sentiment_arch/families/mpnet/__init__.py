"""MPNet sequence classifiers."""
