"""Sentiment from word lists: small, ready at once, and independent of any compiler.

Imports neither MAX nor NumPy.
"""
