"""The command-line program ``max-sentiment``."""

from distilbert_sentiment_arch.cli.main import main

__all__ = ["main"]
