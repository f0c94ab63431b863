"""Command ``max-sentiment doctor``."""

from __future__ import annotations

import argparse


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns its exit status."""
    raise NotImplementedError(options)
