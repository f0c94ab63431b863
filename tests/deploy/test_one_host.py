"""deploy/one-host/run: model servers on one host, on cores of their own, behind the gateway.

In most tests a lexicon server, which starts within a second, takes the place of a model server: the
script is tested, and it knows neither.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest
from commands import ROOT
from gateway_process import NGINX, needs_nginx
from server_process import START_TIMEOUT_S

from distilbert_sentiment_arch.engine.worker_process import COMPUTE_THREAD
from distilbert_sentiment_arch.machine.processor import read_processor
from scripts.process_memory import memory_of
from scripts.server_process import free_ports

PROCESSORS = sorted(os.sched_getaffinity(0))

pytestmark = [
    needs_nginx,
    pytest.mark.skipif(sys.platform != "linux", reason="processors are pinned on Linux"),
    pytest.mark.skipif(len(PROCESSORS) < 2, reason="two servers need two processors"),
]

REAL = f"""#!/bin/sh
PYTHONPATH={ROOT} exec {sys.executable} -m distilbert_sentiment_arch.cli "$@"
"""

# `serve` is a lexicon server without the flags that only a model server has.
LEXICONS = f"""#!/bin/sh
command=$1; shift
echo "$command $@" >>"$0.log"
if [ "$command" = serve ]; then
    command=lexicon
    set -- "$1" "$2" "$3" "$4"
fi
PYTHONPATH={ROOT} exec {sys.executable} -m distilbert_sentiment_arch.cli $command "$@"
"""

LONG = {"input": ["What a wonderful film it was, all in all. " * 10] * 64}


@dataclass
class Host:
    """The script, running.

    Attributes:
        process: Its process.
        url: Address of its gateway.
        first_port: The port of its first model server.
        log: File of its output, and of all servers'.
        command: The command that it runs as max-sentiment.
    """

    process: subprocess.Popen[bytes]
    url: str
    first_port: int
    log: Path
    command: Path

    def wait_for(self, text: str, timeout_s: float = 60) -> None:
        deadline = time.monotonic() + timeout_s
        while text not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def server(self, index: int) -> psutil.Process:
        """Returns the process of a model server."""
        port = str(self.first_port + 2 * index)
        for process in psutil.Process(self.process.pid).children():
            arguments = process.cmdline()
            if port in arguments and "ready" not in arguments:
                return process
        raise AssertionError(f"no server listens on {port}")

    def classify(self) -> httpx.Response:
        body = {"input": "A good film."}
        return httpx.post(f"{self.url}/classify", json=body, timeout=60, trust_env=False)


@contextmanager
def running_host(directory: Path, command: str, *flags: str, **settings: str) -> Iterator[Host]:
    """Runs the script with one processor for each server, and ends it."""
    program = directory / "max-sentiment"
    program.write_text(command)
    program.chmod(0o755)
    (gateway_port,) = free_ports(1)
    first_port = row_of_free_ports(6)
    log = directory / "log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [ROOT / "deploy" / "one-host" / "run", *flags],
            env={
                **os.environ,
                "NGINX": NGINX,
                "MAX_SENTIMENT": str(program),
                "LISTEN": f"127.0.0.1:{gateway_port}",
                "FIRST_PORT": str(first_port),
                "PROCESSORS": ",".join(map(str, PROCESSORS[:2])),
                "CORES_PER_SERVER": "1",
                **settings,
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{gateway_port}"
    try:
        yield Host(process, url, first_port, log, program)
    finally:
        process.terminate()
        try:
            process.wait(timeout=90)
        finally:
            process.kill()
            process.wait()


def row_of_free_ports(count: int) -> int:
    """Returns the first of so many ports in a row that nothing listens on."""
    for port in range(21_000, 30_000, count):
        used = {each.laddr.port for each in psutil.net_connections("tcp") if each.laddr}
        if not used & set(range(port, port + count)):
            return port
    raise AssertionError("no ports are free")


def siblings(processor: int) -> str:
    path = f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list"
    return Path(path).read_text().strip()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    if siblings(PROCESSORS[0]) == siblings(PROCESSORS[1]):
        pytest.skip("the first two processors are threads of one core")
    with running_host(tmp_path, LEXICONS, "--max-inputs", "7") as found:
        found.wait_for("all 2 model servers are ready")
        yield found


def test_each_server_has_a_processor_of_its_own_and_the_flags(host: Host) -> None:
    pinned = [host.server(index).cpu_affinity() for index in range(2)]
    assert pinned == [[PROCESSORS[0]], [PROCESSORS[1]]]
    starts = [
        line
        for line in host.command.with_name("max-sentiment.log").read_text().splitlines()
        if line.startswith("serve")
    ]
    assert len(starts) == 2
    assert all(line.endswith(" --max-inputs 7") for line in starts)
    assert host.classify().status_code == 200


def test_a_server_that_is_killed_is_started_again_and_no_request_fails(host: Host) -> None:
    killed = host.server(1)
    killed.kill()
    for _ in range(20):
        assert host.classify().status_code == 200
    host.wait_for("model server 1: ended with 137")
    host.wait_for("model server 1: starting on processors", timeout_s=10)
    deadline = time.monotonic() + 30
    while host.log.read_text().count("model server 1: ready") < 2:
        assert time.monotonic() < deadline, host.log.read_text()
        time.sleep(0.05)
    assert host.server(1).pid != killed.pid
    assert host.server(1).cpu_affinity() == [PROCESSORS[1]]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGKILL, -9)])
def test_nothing_outlives_the_script(host: Host, number: int, status: int) -> None:
    family = psutil.Process(host.process.pid).children(recursive=True)
    assert len(family) > 3  # two servers, the lexicon server, nginx
    host.process.send_signal(number)
    assert host.process.wait(timeout=30) == status
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []


def test_two_servers_that_are_killed_at_once_are_started_again(host: Host) -> None:
    killed = [host.server(index) for index in range(2)]
    for each in killed:
        each.kill()
    deadline = time.monotonic() + 60
    while host.log.read_text().count(": ready") < 4:
        assert time.monotonic() < deadline, host.log.read_text()
        time.sleep(0.05)
    assert {host.server(index).pid for index in range(2)}.isdisjoint(each.pid for each in killed)
    assert host.classify().status_code == 200


def test_a_server_that_never_becomes_ready_ends_the_script(tmp_path: Path) -> None:
    """The gateway ends too, which is still a shell then, and a shell ignores SIGQUIT."""
    failing = LEXICONS.replace('echo "$command', '[ $command = serve ] && exit 3\necho "$command')
    slow_nginx = tmp_path / "nginx"
    slow_nginx.write_text(f'#!/bin/sh\nsleep 2\nexec {NGINX} "$@"\n')
    slow_nginx.chmod(0o755)
    with running_host(tmp_path, failing, NGINX=str(slow_nginx)) as host:
        assert host.process.wait(timeout=60) == 1
        assert "no model server has become ready" in host.log.read_text()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"CORES_PER_SERVER": "0"}, "CORES_PER_SERVER is '0', not a positive whole number"),
        ({"SERVERS": "many"}, "SERVERS is 'many', not a positive whole number"),
        ({"SERVERS": "4000"}, "4000 model servers of 1 need at least 4000"),
        ({"PROCESSORS": "all"}, "PROCESSORS is 'all', not a list such as 0-7,16-23"),
        ({"FIRST_PORT": "65533"}, "ports are needed. Set a lower one"),
        ({"MAX_SENTIMENT": "no-such-command"}, "there is no command no-such-command"),
    ],
)
def test_a_wrong_setting_is_refused(tmp_path: Path, setting: dict[str, str], message: str) -> None:
    with running_host(tmp_path, LEXICONS, **setting) as host:
        assert host.process.wait(timeout=30) == 2
    assert message in host.log.read_text()


@pytest.mark.slow
def test_two_model_servers_on_a_core_each(tmp_path: Path) -> None:
    """Each has one thread, its core and 600 MB at most; a request in flight is answered."""
    if siblings(PROCESSORS[0]) == siblings(PROCESSORS[1]):
        pytest.skip("the first two processors are threads of one core")
    with running_host(tmp_path, REAL, "--precision", "int8") as host:
        host.wait_for("all 2 model servers are ready", timeout_s=START_TIMEOUT_S)
        for index in range(2):
            if read_processor().computes("int8"):
                memory = memory_of(host.server(index).pid)
                print(f"memory of server {index}: {memory / 1e6:.0f} MB")
                assert memory < 600e6
            tree = [host.server(index), *host.server(index).children(recursive=True)]
            assert [compute_threads(each) for each in tree].count(1) >= 1
            assert max(compute_threads(each) for each in tree) == 1
            for each in tree:
                assert allowed(each) == {str(PROCESSORS[index])}
        with ThreadPoolExecutor() as pool:
            answers = list(pool.map(lambda _: host.classify(), range(16)))
            assert {each.headers["X-Sentiment-Route"] for each in answers} == {"model"}
            assert len({str(each.json()["data"]) for each in answers}) == 1
            log = host.log.read_text()
            for index in range(2):
                assert f'"upstream":"127.0.0.1:{host.first_port + 2 * index}"' in log
            url = f"{host.url}/classify"
            last = pool.submit(httpx.post, url, json=LONG, timeout=90, trust_env=False)
            time.sleep(0.3)
            host.process.terminate()
            assert host.process.wait(timeout=90) == 0
            assert last.result().status_code == 200
            assert len(last.result().json()["data"]) == len(LONG["input"])


def compute_threads(process: psutil.Process) -> int:
    names = (each.read_text() for each in Path(f"/proc/{process.pid}/task").glob("*/comm"))
    return sum(name.startswith(COMPUTE_THREAD) for name in names)


def allowed(process: psutil.Process) -> set[str]:
    """Returns the processors that the threads of a process may use, as Linux lists them."""
    statuses = (each.read_text() for each in Path(f"/proc/{process.pid}/task").glob("*/status"))
    lines = (line for status in statuses for line in status.splitlines())
    return {line.split()[1] for line in lines if line.startswith("Cpus_allowed_list:")}
