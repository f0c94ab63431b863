"""Examination of a machine: every check, each of which may fail without the others."""

from __future__ import annotations

from collections.abc import Callable

from distilbert_sentiment_arch.doctor.checks.accelerators import check_accelerators
from distilbert_sentiment_arch.doctor.checks.cache import check_cache
from distilbert_sentiment_arch.doctor.checks.cores import check_cores
from distilbert_sentiment_arch.doctor.checks.files import check_files
from distilbert_sentiment_arch.doctor.checks.hub import check_hub
from distilbert_sentiment_arch.doctor.checks.last_start import check_last_start
from distilbert_sentiment_arch.doctor.checks.memory import check_memory
from distilbert_sentiment_arch.doctor.checks.model import check_model
from distilbert_sentiment_arch.doctor.checks.ports import check_ports_of_server
from distilbert_sentiment_arch.doctor.checks.processor import check_processor
from distilbert_sentiment_arch.doctor.checks.settings import check_settings
from distilbert_sentiment_arch.doctor.checks.software import check_software
from distilbert_sentiment_arch.doctor.examined import Examined, ExamineOptions
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.doctor.questions import ask_all

CHECKS: dict[str, Callable[[Examined], list[Finding]]] = {
    "software": check_software,
    "processor": check_processor,
    "memory": check_memory,
    "cores": check_cores,
    "accelerators": check_accelerators,
    "model": check_model,
    "cache": check_cache,
    "hub": check_hub,
    "ports": check_ports_of_server,
    "files": check_files,
    "settings": check_settings,
    "last_start": check_last_start,
}
"""By the area of their findings, in the order of the report."""


def examine(options: ExamineOptions | None = None) -> list[Finding]:
    """Looks at all that a server depends on; takes seconds, in which MAX is imported elsewhere.

    Args:
        options: What a server is to be started with; None for the defaults.
    """
    options = options or ExamineOptions()
    answers = ask_all(options.model, options.revision, options.devices, options.timeout_s)
    examined = Examined(options, answers)
    return [finding for area in CHECKS for finding in _checked(area, examined)]


def _checked(area: str, examined: Examined) -> list[Finding]:
    try:
        return CHECKS[area](examined)
    except Exception as error:  # what one check does not foresee must not hide the others
        return [
            Finding(
                area,
                f"{area}.check",
                f"{type(error).__name__}: {error}",
                "this could not be looked at, and a server may fail for the same reason",
                "Report it with this line.",
                "warning",
            )
        ]
