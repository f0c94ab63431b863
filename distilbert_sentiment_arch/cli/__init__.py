"""``max-sentiment``: the console command."""

from distilbert_sentiment_arch.cli.main import main

__all__ = ["main"]
