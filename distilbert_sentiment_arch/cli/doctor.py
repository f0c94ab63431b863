"""Command ``max-sentiment doctor``."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys

from distilbert_sentiment_arch.cli.settings import settings_of
from distilbert_sentiment_arch.doctor.examination import examine
from distilbert_sentiment_arch.doctor.examined import ExamineOptions
from distilbert_sentiment_arch.doctor.finding import exit_status
from distilbert_sentiment_arch.doctor.report import as_json, as_text


def run(options: argparse.Namespace) -> int:
    """Examines this machine and prints the findings.

    Returns:
        The exit status: 0 fit, 3 fit with warnings, 4 unfit.
    """
    os.environ.update(settings_of(options))
    findings = examine(
        ExamineOptions(
            model=options.model,
            revision=options.revision,
            host=options.host,
            port=options.port,
            metrics_port=options.metrics_port,
            devices=options.devices.lower(),
            timeout_s=options.timeout,
        )
    )
    if options.probe:
        from distilbert_sentiment_arch.cli.probe import probe

        return probe(options, findings)
    if options.json:
        print(json.dumps(as_json(findings), ensure_ascii=False, indent=2))
    else:
        terminal = sys.stdout.isatty()
        columns = shutil.get_terminal_size().columns if terminal else None
        colour = terminal and "NO_COLOR" not in os.environ
        print(as_text(findings, colour=colour, columns=columns))
    return exit_status(findings)
