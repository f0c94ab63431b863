"""What ``max serve`` is asked before it loads anything, as soon as it imports the package."""

from __future__ import annotations

import sys

import click
from max.serve.config import MetricRecordingMethod, Settings

from distilbert_sentiment_arch.serving.ports import PortInUse, check_ports_of_model_server


def check_ports() -> None:
    """Ends a ``max serve`` whose ports are in use, with one line and status 1.

    MAX itself finds out about the port of its API after it has built its application, with a
    traceback, and about the port for Prometheus in a thread that ends.

    Raises:
        SystemExit: Somebody listens on one.
    """
    context = click.get_current_context(silent=True)
    if context is None or context.info_name != "serve":
        return
    given = {
        f"MAX_SERVE_{name.upper()}": value
        for name in ("host", "port", "headless")
        if (value := context.params.get(name)) is not None
    }
    settings = Settings(**given)
    if settings.headless:
        return
    scraped = (
        not settings.disable_telemetry
        and settings.metric_recording == MetricRecordingMethod.PROCESS
    )
    try:
        check_ports_of_model_server(
            settings.host, settings.port, settings.metrics_port if scraped else 0
        )
    except PortInUse as error:
        # MAX would turn what is no SystemExit into "Failed to import custom model".
        print(f"max-sentiment: {error}", file=sys.stderr)
        sys.exit(1)
