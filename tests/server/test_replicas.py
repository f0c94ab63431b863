"""Two model servers and a lexicon server behind deploy/gateway: each is killed, nobody notices.

The lexicon answers what a model server has in hand when it is killed: no other is sent it.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from commands import ROOT, run
from gateway_process import Load, kill_everything, load, needs_nginx, running_gateway
from server_process import Server, running_server

from scripts.server_process import free_ports

pytestmark = [pytest.mark.slow, needs_nginx]

# Little enough for one of the model servers, on two cores, while the other one starts.
CLIENTS = 4
PAUSE_S = 0.04

# Under a second of computing: long enough to be in the middle of when a server is killed.
LONG = {"input": ["What a wonderful film it was, all in all. " * 10] * 64}


@dataclass
class Replica:
    """A server that is started, killed and started again at the same address."""

    directory: Path
    port: int
    command: str = "serve"
    running: list[tuple[Server, AbstractContextManager[Server]]] = field(default_factory=list)

    def start(self) -> None:
        context = running_server(self.directory, command=self.command, port=self.port)
        self.running.append((context.__enter__(), context))

    def kill(self) -> None:
        server, context = self.running.pop()
        kill_everything(server)
        context.__exit__(None, None, None)

    def stop(self) -> None:
        while self.running:
            self.kill()


def start_together(*replicas: Replica) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(Replica.start, replicas))


def kill_at_work(replica: Replica, url: str) -> None:
    """Kills a server while each model server has a long request in hand; both are answered.

    The lexicon answers that of the server that is killed.
    """
    with ThreadPoolExecutor() as pool:
        asked = [
            pool.submit(httpx.post, f"{url}/classify", json=LONG, timeout=90, trust_env=False)
            for _ in range(2)
        ]
        time.sleep(0.3)
        replica.kill()
    for each in asked:
        assert each.result().status_code == 200
        assert len(each.result().json()["data"]) == len(LONG["input"])


@contextmanager
def phase(name: str, clients: Load, served_by: str, answers: int = 40) -> Iterator[None]:
    """Does something to the servers, then waits for answers; says who answered meanwhile."""
    before, start = Counter(clients.outcomes), time.monotonic()
    yield
    clients.wait_for(served_by, answers)
    answered = dict(clients.outcomes - before)
    print(f"{name}: {time.monotonic() - start:.1f} s, {answered}")
    assert clients.wrong == [], name


def by_upstream(access_log: Path, requests: int = 0) -> Counter[str]:
    """Counts texts sent by whom they were sent to, in order.

    Between two of them is a comma where the first took no connection, a colon where it refused the
    request or had begun it. A request is logged some time after it was answered: waits for as many
    as were sent.
    """
    deadline = time.monotonic() + 10
    while True:
        complete, _, _ = access_log.read_text().rpartition("\n")
        entries = [json.loads(line) for line in complete.split("\n") if line.startswith("{")]
        found = Counter(each["upstream"] for each in entries if each["method"] == "POST")
        if found.total() >= requests:
            return found
        assert time.monotonic() < deadline, f"{found.total()} of {requests} requests are logged"
        time.sleep(0.02)


def test_no_client_notices_any_server_killed(tmp_path: Path) -> None:
    ports = free_ports(3)
    one, two = (Replica(tmp_path / f"model-{port}", port) for port in ports[:2])
    lexicon = Replica(tmp_path / "lexicon", ports[2], "lexicon")
    with ExitStack() as stack:
        for each in (one, two, lexicon):
            stack.callback(each.stop)
        start_together(one, two, lexicon)
        url, log = stack.enter_context(running_gateway(tmp_path / "gateway", ports[:2], ports[2]))
        with load(url, CLIENTS, PAUSE_S) as clients:
            with phase("all up", clients, "model", answers=100):
                pass
            shares = by_upstream(log)
            with phase("the first model server killed", clients, "model"):
                kill_at_work(one, url)
            with phase("the first back", clients, "model"):
                one.start()
            with phase("the second killed", clients, "model"):
                kill_at_work(two, url)
            # Each client had one request in hand at most, each time.
            assert clients.outcomes["lexicon"] <= 2 * CLIENTS
            with phase("the first, too", clients, "lexicon"):
                kill_at_work(one, url)
            with phase("both back", clients, "model"):
                start_together(one, two)
            of_the_lexicon = clients.outcomes["lexicon"]
            with phase("the lexicon server killed", clients, "model"):
                lexicon.kill()
            with phase("the lexicon server back", clients, "model"):
                lexicon.start()
            # Nothing is sent to a lexicon server while there are model servers.
            assert clients.outcomes["lexicon"] == of_the_lexicon
    asked = sum(clients.outcomes.values())
    sent = by_upstream(log, requests=asked)
    passed_on = sum(count for servers, count in sent.items() if " " in servers)
    print(
        f"{asked} requests: {len(clients.wrong)} failed, {passed_on} passed on to another server, "
        f"{clients.outcomes['lexicon']} answered by the lexicon"
    )
    assert clients.wrong == []
    assert clients.outcomes["lexicon"] > 0
    # Each had its share while both were there.
    share = [shares[f"127.0.0.1:{port}"] for port in ports[:2]]
    assert min(share) > 0.25 * sum(share), shares


def test_a_full_model_server_passes_requests_on_and_is_asked_again(
    tmp_path: Path, small_server: Server, lexicon_server: Server
) -> None:
    full, (roomy,) = small_server.port, free_ports(1)
    body = {"input": "terrible " * 500}
    with ExitStack() as stack:
        # In the place of a second model server: one that is never full.
        stack.enter_context(running_server(tmp_path / "roomy", command="lexicon", port=roomy))
        url, log = stack.enter_context(
            running_gateway(tmp_path / "gateway", [full, roomy], lexicon_server.port)
        )

        def ask(text: object) -> int:
            return httpx.post(f"{url}/classify", json=text, timeout=90, trust_env=False).status_code

        with ThreadPoolExecutor(60) as pool:
            assert set(pool.map(ask, [body] * 60)) == {200}
        first, second = (f"127.0.0.1:{port}" for port in (full, roomy))
        sent = by_upstream(log, requests=60)
        assert sent[f"{first} : {second}"] > 0  # refused with 429, passed on
        # At once, one after the other: each in turn.
        assert [ask({"input": "good"}) for _ in range(6)] == [200] * 6
        assert by_upstream(log, requests=66) - sent == {first: 3, second: 3}


def test_a_model_server_that_does_not_answer_at_all_costs_little(
    tmp_path: Path, lexicon_server: Server
) -> None:
    lexicon_port = lexicon_server.port
    with ExitStack() as stack:
        # Its queue of connections is full, so that it says nothing to further ones.
        silent = stack.enter_context(socket.socket())
        silent.bind(("127.0.0.1", 0))
        silent.listen(0)
        port = silent.getsockname()[1]
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        url, log = stack.enter_context(
            running_gateway(tmp_path / "gateway", [port, lexicon_port], lexicon_port)
        )
        took = []
        for _ in range(10):
            start = time.monotonic()
            answer = httpx.post(f"{url}/classify", json={"input": "good"}, trust_env=False)
            took.append(time.monotonic() - start)
            assert answer.status_code == 200
        sent = by_upstream(log, requests=10)
        assert sent[f"127.0.0.1:{port}, 127.0.0.1:{lexicon_port}"] > 0
    assert max(took) < 0.75


def test_addresses_of_several_families(tmp_path: Path) -> None:
    ended = run(
        *("bash", "-c", f"{ROOT}/deploy/gateway/run 2>&1; cat {tmp_path}/models.conf"),
        environment={
            "NGINX": "true",
            "RUN_DIR": str(tmp_path),
            "LISTEN": "8080",
            "MODEL_SERVER": "  10.0.0.1:8000 [0::1]:8000\tmodel.invalid:8000 10.0.0.1:8000 ",
            "LEXICON_SERVER": "127.0.0.1:8010",
        },
    )
    (group,) = re.findall(r"^upstream models \{$(.*?)^\}$", ended.stdout, re.DOTALL | re.MULTILINE)
    # As nginx writes addresses, each once; what has none is left to nginx to refuse.
    assert re.findall(r"^ +server (\S+) max_fails=0;$", group, re.MULTILINE) == [
        "10.0.0.1:8000",
        "[::1]:8000",
        "model.invalid:8000",
    ]
