"""XLM-RoBERTa sequence classifiers."""
