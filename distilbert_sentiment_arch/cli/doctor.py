"""Command ``max-sentiment doctor``."""

from __future__ import annotations

import argparse


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns its exit status."""
    if options.probe:
        from distilbert_sentiment_arch.cli.probe import probe

        return probe(options)
    raise NotImplementedError(options)
