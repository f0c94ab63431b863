"""RoBERTa sequence classifiers."""
