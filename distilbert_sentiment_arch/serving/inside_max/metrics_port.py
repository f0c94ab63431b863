"""The port for Prometheus in the API process, in place of MAX's process for metrics: 90 MB less.

MAX opens a port in that process alone. Where ``MAX_SERVE_METRIC_RECORDING_METHOD`` is ``SYNC``, as
``max-sentiment serve`` sets it, MAX records measurements where they are made, and shows none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from max.serve.config import MetricRecordingMethod, Settings
from prometheus_client import disable_created_metrics, start_http_server


def is_scraped(settings: Settings) -> bool:
    """Whether a server with these settings has a port for Prometheus, in whichever process."""
    return not settings.disable_telemetry and settings.metric_recording in (
        MetricRecordingMethod.PROCESS,
        MetricRecordingMethod.SYNC,
    )


@asynccontextmanager
async def metrics_port(settings: Settings) -> AsyncIterator[None]:
    """Serves metrics in a thread of this process, if no other process does."""
    if not is_scraped(settings) or settings.metric_recording == MetricRecordingMethod.PROCESS:
        yield
        return
    from distilbert_sentiment_arch.serving import metrics  # noqa: F401  registers the metrics

    disable_created_metrics()  # type: ignore[no-untyped-call]
    server, thread = start_http_server(settings.metrics_port, settings.host)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
