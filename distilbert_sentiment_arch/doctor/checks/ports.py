"""Ports: whether a server can listen on them."""

from __future__ import annotations

import http.client
import json
import os
import socket

from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.errors import PortInUse
from distilbert_sentiment_arch.serving.ports import (
    check_ports,
    check_ports_of_model_server,
    reachable_at,
)
from distilbert_sentiment_arch.settings.defaults import METRICS_PORT

AREA = "ports"

_TIMEOUT_S = 3.0


def check_ports_of_server(examined: Examined) -> list[Finding]:
    """Returns the findings of this area."""
    options = examined.options
    host, port, metrics_port = options.host, options.port, options.metrics_port
    found = []
    running = False
    try:
        check_ports_of_model_server(host, port, port if metrics_port == port else 0)
        found.append(_bound("ports.api", host, port))
    except PortInUse as error:
        running = _is_ours(host, port)
        found.append(_in_use("ports.api", str(error), running=running))
    if metrics_port and metrics_port != port:
        try:
            check_ports(host, {f"set {METRICS_PORT}": metrics_port})
            found.append(_bound("ports.metrics", host, metrics_port))
        except PortInUse as error:
            found.append(_in_use("ports.metrics", str(error), running=running))
    if os.path.exists(".env"):
        meaning = "MAX reads it, and it may set other ports than these"
        found.append(Finding(AREA, "ports.env_file", "a file .env is here", meaning))
    return found


def _bound(name: str, host: str, port: int) -> Finding:
    """Returns the finding about a port that nobody uses; others may keep it from this user."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind(address)
    except OSError as error:
        return Finding(
            AREA,
            name,
            f"{port} on {host}",
            f"a server cannot listen there: {error.strerror or error}",
            "Pass --host an address of this machine, and a port from 1024 on.",
            "unfit",
        )
    return Finding(AREA, name, f"{port} on {host}", "free")


def _in_use(name: str, message: str, *, running: bool) -> Finding:
    found, _, remedy = message.partition(". ")
    if running:
        return Finding(
            AREA,
            name,
            found,
            "a max-sentiment server answers there; another one with this port does not start",
            f"{remedy} Nothing needs to be done for the one that runs.",
            "warning",
        )
    return Finding(AREA, name, found, "the server does not start", remedy, "unfit")


def _is_ours(host: str, port: int) -> bool:
    """Whether a server of this package listens on a port: ``/ready`` answers as ours do."""
    connection = http.client.HTTPConnection(reachable_at(host), port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", "/ready")
        answer = json.loads(connection.getresponse().read(65_536))
        return isinstance(answer, dict) and {"ready", "model", "reason"} <= answer.keys()
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
