"""Where the lexicon server listens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Listening:
    """Where a server listens, and to how much.

    Attributes:
        host: Address, for requests and for metrics.
        port: Port for requests.
        metrics_port: Port for Prometheus; 0 for none.
        max_body_bytes: Largest body of a request.
    """

    host: str
    port: int
    metrics_port: int
    max_body_bytes: int
