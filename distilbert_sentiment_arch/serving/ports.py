"""Check that the ports of a server are free, before anything is loaded."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from typing import Any

from distilbert_sentiment_arch.errors import PortInUse
from distilbert_sentiment_arch.settings.defaults import ANY_ADDRESS, METRICS_PORT


def check_ports(host: str, ports: Mapping[str, int]) -> None:
    """Checks that no other process listens on the ports of a server.

    Other problems of an address are reported by the server itself.

    Args:
        host: Address of the server.
        ports: Its ports by the remedy for the message, for example ``pass --port``. 0 means none or
            any.

    Raises:
        PortInUse: Another process uses a port, or two ports are the same.
    """
    seen: set[int] = set()
    for choose, port in ports.items():
        if port not in range(1, 65536):
            continue
        if port in seen:
            raise PortInUse(
                f"port {port} is asked for twice, for requests and for metrics. To change one, "
                f"{choose}."
            )
        seen.add(port)
        if _in_use(host, port):
            raise PortInUse(
                f"port {port} is in use on {host}. Stop what listens there, or {choose}."
            )


def check_ports_of_model_server(host: str, port: int, metrics_port: int) -> None:
    """Checks the ports of MAX Serve.

    Args:
        host: Address of the server.
        port: Port of its API; MAX needs it free on every IPv4 address.
        metrics_port: Port for Prometheus; 0 for none.

    Raises:
        PortInUse: Another process uses a port, or they are the same.
    """
    check_ports(host, {"pass --port": port, f"set {METRICS_PORT}": metrics_port})
    check_ports(ANY_ADDRESS, {"pass --port": port})


def reachable_at(host: str) -> str:
    """Returns the address at which a server of this machine that listens at ``host`` is reached."""
    return {"": "127.0.0.1", ANY_ADDRESS: "127.0.0.1", "::": "::1"}.get(host, host)


def _in_use(host: str, port: int) -> bool:
    try:
        addresses = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError:
        return False
    return any(_taken(family, address) for family, _, _, _, address in addresses)


def _taken(family: int, address: tuple[Any, ...]) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            # The same options as in the event loops: a connection in TIME_WAIT blocks no port.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            trial.bind(address)
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False
