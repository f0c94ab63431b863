"""Explanations: what each word or sentence of a text does to its classification."""
