"""DeBERTa sequence classifiers, versions 2 and 3."""
