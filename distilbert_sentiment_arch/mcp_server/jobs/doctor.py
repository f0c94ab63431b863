"""Examines this machine for the model of the server, in this process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from distilbert_sentiment_arch.doctor.examination import examine
from distilbert_sentiment_arch.doctor.examined import ExamineOptions
from distilbert_sentiment_arch.doctor.finding import exit_status
from distilbert_sentiment_arch.mcp_server.job import JobReport


def run(request: Mapping[str, Any], report: JobReport, cancelled: threading.Event) -> Any:
    """Looks at all that a server depends on.

    Args:
        request: ``model`` and ``revision``.
        report: Receives one line.
        cancelled: Not looked at: what cancels this ends the process.

    Returns:
        ``status``, an exit status of ``doctor.finding``, and ``findings``.
    """
    report(0, None, "The machine is examined; MAX is asked in a process of its own.")
    findings = examine(ExamineOptions(request["model"], request["revision"]))
    return {"status": exit_status(findings), "findings": [asdict(each) for each in findings]}
