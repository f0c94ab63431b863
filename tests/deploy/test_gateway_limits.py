"""Limits of deploy/gateway: too many, too slow or too large clients do not affect others."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from commands import ROOT, run
from fake_upstream import HANGS, Answer, FakeServer, fake_server
from gateway_process import needs_nginx, running_gateway

MIB = 2**20
LARGEST = 8 * MIB
UPLOADS = 64
TIMEOUT_S = 60
"""What happens at once on a machine that has nothing else to do."""

pytestmark = needs_nginx


@dataclass
class Site:
    """A gateway before one model server and a lexicon server."""

    url: str
    model: FakeServer

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        assert parts.hostname
        assert parts.port
        return parts.hostname, parts.port

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=TIMEOUT_S)


@contextmanager
def site(directory: Path, **settings: int) -> Iterator[Site]:
    with (
        fake_server("model") as model,
        fake_server("lexicon") as lexicon,
        running_gateway(directory / "gateway", [model.port], lexicon.port, **settings) as (url, _),
    ):
        try:
            yield Site(url, model)
        finally:
            model.ended.set()  # the gateway waits for requests in flight


def head(*fields: str) -> bytes:
    lines = ["POST /classify HTTP/1.1", "Host: gateway", *fields, "", ""]
    return "\r\n".join(lines).encode()


def status_and_body(connection: socket.socket) -> tuple[int, bytes]:
    """Reads an answer that has a Content-Length."""
    stream = connection.makefile("rb")
    status = int(stream.readline().split()[1])
    length = 0
    while line := stream.readline().strip():
        name, _, value = line.lower().partition(b":")
        if name == b"content-length":
            length = int(value)
    return status, stream.read(length)


def is_ended(connection: socket.socket) -> bool:
    """Waits for the end of a connection and returns whether it came without an answer."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def memory_of_nginx() -> int:
    """Returns the memory of all processes of the gateway in bytes."""
    found = [
        each.memory_full_info().pss
        for each in psutil.Process().children(recursive=True)
        if each.name() == "nginx"
    ]
    assert len(found) == 3  # a master and two workers
    return int(sum(found))


def post(url: str, content: bytes, address: str = "127.0.0.1", path: str = "/classify") -> int:
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(transport=transport, timeout=TIMEOUT_S, trust_env=False) as client:
        response = client.post(f"{url}{path}", content=content)
        if response.status_code == 429:
            assert response.headers["Retry-After"] == "1"
            assert response.json()["error"]["code"] == 429
        return response.status_code


def test_slow_uploads_take_little_memory_and_do_not_block_others(tmp_path: Path) -> None:
    body = bytes(LARGEST)
    with site(tmp_path) as there, ExitStack() as stack:
        uploads = [stack.enter_context(there.connect()) for _ in range(UPLOADS)]
        before = memory_of_nginx()
        for each in uploads:
            each.sendall(head(f"Content-Length: {LARGEST}"))
            each.sendall(body[1:])
        # While the gateway has not read all of them, one more is accepted.
        wait_for(lambda: post(there.url, bytes(200_000)) == 429)
        there.model.received.clear()
        assert [post(there.url, b"small") for _ in range(20)] == [200] * 20
        assert post(there.url, bytes(99_999)) == 200
        for path in ("/health", "/ready"):
            assert httpx.get(f"{there.url}{path}", trust_env=False).status_code == 200
        held = memory_of_nginx()
        print(f"nginx: {before / MIB:.0f} MiB idle, {held / MIB:.0f} MiB with {UPLOADS} uploads")
        assert held < 128 * MIB
        # Bodies kept in files arrive complete.
        there.model.received.clear()
        for each in uploads[:4]:
            each.sendall(body[:1])
            assert status_and_body(each)[0] == 200
        assert [len(each) for each in there.model.received] == [LARGEST] * 4
        assert post(there.url, bytes(200_000)) == 200


def test_unread_answers_take_little_memory(tmp_path: Path) -> None:
    with site(tmp_path) as there, ExitStack() as stack:
        there.model.answer = Answer(size=LARGEST)
        readers = []
        for _ in range(UPLOADS):
            reader = stack.enter_context(socket.socket())
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.connect(there.address)
            reader.sendall(head("Content-Length: 4") + b"slow")
            readers.append(reader)
        wait_for(lambda: there.model.received.count(b"slow") == UPLOADS)
        there.model.answer = Answer()
        assert post(there.url, b"small") == 200
        held = memory_of_nginx()
        print(f"nginx: {held / MIB:.0f} MiB with {UPLOADS} answers of 8 MiB that nobody reads")
        assert held < 128 * MIB


def test_an_upload_that_stalls_is_closed_and_frees_its_place(tmp_path: Path) -> None:
    with site(tmp_path, BODY_TIMEOUT_S=1, LARGE_BODIES=1) as there, there.connect() as upload:
        upload.sendall(head(f"Content-Length: {LARGEST}") + bytes(200_000))
        assert is_ended(upload)
        wait_for(lambda: post(there.url, bytes(200_000)) == 200)
        assert there.model.received == [bytes(200_000)]


def test_a_request_head_that_stalls_is_closed(tmp_path: Path) -> None:
    with site(tmp_path, HEAD_TIMEOUT_S=1) as there, there.connect() as slow:
        slow.sendall(head("Content-Length: 4")[:-2])
        assert is_ended(slow)


@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_concurrent_large_bodies_are_limited(tmp_path: Path, chunked: bool) -> None:
    field = "Transfer-Encoding: chunked" if chunked else "Content-Length: 100000"
    with site(tmp_path, LARGE_BODIES=1) as there, there.connect() as upload:
        upload.sendall(head(field))
        wait_for(lambda: post(there.url, bytes(100_000)) == 429)
        assert post(there.url, bytes(99_999)) == 200


def asking(there: Site, pool: ThreadPoolExecutor, addresses: Sequence[str]) -> None:
    """Sends requests that are not answered, and waits until they are in flight."""
    there.model.answer = HANGS
    for address in addresses:
        pool.submit(post, there.url, b"in hand", address)
    wait_for(lambda: there.model.received.count(b"in hand") == len(addresses))


def test_concurrent_requests_of_one_address_are_limited(tmp_path: Path) -> None:
    with (
        ThreadPoolExecutor(4) as pool,
        site(tmp_path, CONNECTIONS=8, CONNECTIONS_PER_ADDRESS=4) as there,
    ):
        asking(there, pool, ["127.0.0.1"] * 4)
        there.model.answer = Answer()
        assert post(there.url, b"one more") == 429
        assert post(there.url, b"another's", "127.0.0.2") == 200
        # Probes are neither limited nor counted.
        for path in ("/health", "/ready"):
            assert httpx.get(f"{there.url}{path}", trust_env=False).status_code == 200


def test_concurrent_requests_of_all_addresses_are_limited(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool, site(tmp_path, CONNECTIONS=4) as there:
        # By default one address may have half of them.
        asking(there, pool, ["127.0.0.1", "127.0.0.2"] * 2)
        there.model.answer = Answer()
        assert post(there.url, b"one more", "127.0.0.3") == 429
        assert httpx.get(f"{there.url}/health", trust_env=False).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-Sentiment-Fallback": "off"}])
def test_a_body_over_the_limit_is_refused_before_it_is_sent(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    fields = [f"{name}: {value}" for name, value in headers.items()]
    with site(tmp_path) as there, there.connect() as upload:
        upload.sendall(head(f"Content-Length: {LARGEST + 1}", *fields))
        status, body = status_and_body(upload)
        assert (status, json.loads(body)["error"]["code"]) == (413, 413)
        assert there.model.received == []


def test_a_body_in_chunks_that_grows_over_the_limit_is_refused(tmp_path: Path) -> None:
    with site(tmp_path) as there, there.connect() as upload:
        upload.sendall(head("Transfer-Encoding: chunked") + b"%x\r\nand so on" % (LARGEST + 1))
        assert status_and_body(upload)[0] == 413
        assert there.model.received == []


def test_a_single_header_may_be_long_but_the_head_is_limited(tmp_path: Path) -> None:
    with site(tmp_path) as there:
        for length, status in ((8_000, 200), (20_000, 400)):
            headers = {"Authorization": f"Bearer {'a' * length}"}
            answer = httpx.get(f"{there.url}/classify", headers=headers, trust_env=False)
            assert answer.status_code == status


@pytest.mark.parametrize("name", ["CONNECTIONS", "LARGE_BODIES", "BODY_TIMEOUT_S", "WORKERS"])
@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_a_setting_that_is_no_number_is_named(name: str, value: str) -> None:
    ended = run(
        ROOT / "deploy" / "gateway" / "run",
        environment={"MODEL_SERVER": "a:1", "LEXICON_SERVER": "a:1", "LISTEN": "1", name: value},
    )
    assert ended.returncode == 2
    assert f"{name} is '{value}'" in ended.stderr
