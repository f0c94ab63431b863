"""Address, ports and body limit of the lexicon server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ListenOptions:
    """Address and ports of a server, and the limit of its requests' bodies.

    Attributes:
        host: Address for requests and for metrics.
        port: Port for requests.
        metrics_port: Port for Prometheus; 0 for none.
        max_body_bytes: Maximum bytes of a request's body.
    """

    host: str
    port: int
    metrics_port: int
    max_body_bytes: int
