"""The check for ports in use: it finds exactly those on which a server could not listen."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from distilbert_sentiment_arch.errors import PortInUse
from distilbert_sentiment_arch.serving.ports import check_ports, reachable_at

HOST = "127.0.0.1"


def listening(host: str = HOST, family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, 0))
    listener.listen()
    return listener


@pytest.fixture
def taken() -> Iterator[int]:
    with listening() as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("host", [HOST, "0.0.0.0", "localhost"])
def test_a_port_in_use_is_named_with_the_remedy(taken: int, host: str) -> None:
    with pytest.raises(PortInUse) as error:
        check_ports(host, {"pass --port": taken})
    assert str(error.value) == (
        f"port {taken} is in use on {host}. Stop what listens there, or pass --port."
    )


def test_each_port_is_checked(taken: int) -> None:
    with pytest.raises(PortInUse, match="or pass --metrics-port"):
        check_ports(HOST, {"pass --port": 0, "pass --metrics-port": taken})


def test_a_port_for_two_purposes() -> None:
    with listening() as listener:
        port = listener.getsockname()[1]
    with pytest.raises(PortInUse, match=f"port {port} is asked for twice"):
        check_ports(HOST, {"pass --port": port, "pass --metrics-port": port})


def test_the_same_port_of_another_address_is_free(taken: int) -> None:
    check_ports("127.0.0.2", {"pass --port": taken})


def test_a_connection_that_ended_takes_no_port() -> None:
    with listening() as listener:
        address = listener.getsockname()
        client = socket.create_connection(address)
        served, _ = listener.accept()
    served.close()  # closed first, so that this end is in TIME_WAIT
    assert client.recv(1) == b""
    client.close()
    with socket.socket() as strict, pytest.raises(OSError, match="in use"):
        strict.bind(address)
    check_ports(HOST, {"pass --port": address[1]})


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_ipv6() -> None:
    try:
        listener = listening("::1", socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 address")
    with listener:
        port = listener.getsockname()[1]
        for host in ("::1", "::"):
            with pytest.raises(PortInUse):
                check_ports(host, {"pass --port": port})
        check_ports("0.0.0.0", {"pass --port": port})


@pytest.mark.parametrize(
    ("host", "port"),
    [("no.such.host.invalid", 8000), ("192.0.2.1", 8000), (HOST, 70000), (HOST, 0), ("", 0)],
)
def test_other_mistakes_are_left_to_the_server(host: str, port: int) -> None:
    check_ports(host, {"pass --port": port})


@pytest.mark.parametrize(
    ("host", "address"),
    [("0.0.0.0", "127.0.0.1"), ("", "127.0.0.1"), ("::", "::1"), ("10.0.0.7", "10.0.0.7")],
)
def test_a_server_is_reached_at_an_address_it_listens_at(host: str, address: str) -> None:
    assert reachable_at(host) == address
