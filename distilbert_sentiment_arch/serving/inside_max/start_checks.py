"""Checks of ports and temporary directories, before ``max serve`` loads anything."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import click
from max.serve.config import Settings

from distilbert_sentiment_arch.compiler_space import find_temporary_directory
from distilbert_sentiment_arch.engine.max_internals.server_parts import leave_port_unchecked
from distilbert_sentiment_arch.errors import PortInUse
from distilbert_sentiment_arch.serving.inside_max.metrics_port import is_scraped
from distilbert_sentiment_arch.serving.ports import check_ports, check_ports_of_model_server
from distilbert_sentiment_arch.settings.defaults import METRICS_PORT
from distilbert_sentiment_arch.settings.supervisor import supervised


def check() -> None:
    """Ends a ``max serve`` that cannot start, with one line on stderr and status 1.

    Without this check, MAX reports a port of its API that is in use only after it has built its
    application, with a traceback, and a missing directory for its sockets in the same way. If the
    port for Prometheus is in use, only the thread for it ends.

    Raises:
        SystemExit: A port is in use, or no temporary directory can be written to.
    """
    context = click.get_current_context(silent=True)
    if context is None or context.info_name != "serve":
        return
    try:
        find_temporary_directory()
        _check_ports(context.params)
    except PortInUse as error:
        _end(str(error))
    except OSError as error:
        _end(error.strerror or str(error))


def _end(reason: str) -> NoReturn:
    # MAX would turn any other exception into "Failed to import custom model".
    print(f"max-sentiment: {reason}", file=sys.stderr)
    sys.exit(1)


def _check_ports(flags: Mapping[str, Any]) -> None:
    given = {
        f"MAX_SERVE_{name.upper()}": value
        for name in ("host", "port", "headless")
        if (value := flags.get(name)) is not None
    }
    settings = Settings(**given)
    if settings.headless:
        return
    metrics_port = settings.metrics_port if is_scraped(settings) else 0
    told = supervised()
    if told is not None and told.port_is_used:
        check_ports(settings.host, {f"set {METRICS_PORT}": metrics_port})
        leave_port_unchecked()
        return
    check_ports_of_model_server(settings.host, settings.port, metrics_port)
