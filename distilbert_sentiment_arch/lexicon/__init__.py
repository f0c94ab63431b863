"""Sentiment from word lists: tiny, ready at once, and nothing in it can fail to compile.

Imports neither MAX nor NumPy.
"""
