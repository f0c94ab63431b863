"""The doctor in surroundings that lack something, and that ``serve`` does what it foretold.

Each of them is real: cores taken away, a control group, mounts, a namespace without a network.
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from commands import run, run_python
from fake_accelerators import environment_with
from memory_cgroups import memory_cgroup
from surroundings import (
    CLI,
    Diagnosis,
    command,
    examined,
    mounts,
    path_without,
    quiet_ports,
    read_only,
    shell,
)

from distilbert_sentiment_arch.compile_cache import cache_directory
from distilbert_sentiment_arch.last_start import read_last_start
from scripts.server_process import running, wait_until

pytestmark = pytest.mark.slow

COMPILERS = ("cc", "gcc", "clang", "c++", "g++", "clang++", "ld", "ld.lld", "lld")

UNIT_LESS = (
    "processor\t: 0\nvendor_id\t: Unknown\nmodel name\t: A processor of nobody's\n"
    "flags\t\t: fpu zz9\n\n"
)

HALF_A_GIGABYTE = 512 * 2**20


@pytest.fixture(scope="module")
def ports() -> tuple[str, ...]:
    """Flags with ports that are free."""
    api, metrics = quiet_ports(2)
    return ("--port", str(api), "--metrics-port", str(metrics))


@pytest.fixture(scope="module")
def here(ports: tuple[str, ...]) -> Diagnosis:
    """What the doctor says where nothing is taken away but the hub, which this model needs not."""
    (closed,) = quiet_ports(1)
    return examined(*ports, environment={"HF_ENDPOINT": f"http://127.0.0.1:{closed}"})


@contextmanager
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def on(port: int) -> list[str]:
    return ["--host", "127.0.0.1", "--port", str(port)]


def metrics_on(port: int | str) -> dict[str, str]:
    return {"MAX_SERVE_METRICS_ENDPOINT_PORT": str(port)}


def built_extension() -> Path:
    """Returns the directory in which MAX keeps the extension that it builds."""
    import importlib.util

    spec = importlib.util.find_spec("max")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "_kv_cache_ops" / "__mojocache__"


def test_where_nothing_is_taken_away_a_server_runs(here: Diagnosis) -> None:
    assert here.status in (0, 3), here.levels()
    assert here.findings["software.max"]["found"] == "26.7.0"
    assert here.findings["software.max"]["meaning"].startswith("imported in ")
    assert here.findings["model.checkpoint"]["found"].startswith("distilbert-minilm-l6-sst2")
    assert here.findings["ports.api"]["meaning"] == "free"
    assert "refused" in here.findings["hub.access"]["found"]
    assert here.findings["hub.access"]["level"] == "ok"
    for each in here.findings.values():
        assert each["found"]
        assert each["meaning"]
        assert bool(each["remedy"]) == (each["level"] != "ok"), each


def test_one_core_few_files_and_a_warm_cache_that_is_read_only(
    here: Diagnosis,
    ports: tuple[str, ...],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A warning each for cores and files, none for the cache, and the server runs warm."""
    if not here.findings["cache.graph"]["meaning"].startswith("compiled"):
        run_python(*CLI, "classify", "A text.")  # the first test of a run compiles
    cache = tmp_path / "max-sentiment"
    cache.mkdir(mode=0o700)
    shutil.copy2(cache_directory() / here.findings["cache.graph"]["found"].split()[1], cache)
    one = f"taskset --cpu-list --pid {min(os.sched_getaffinity(0))} $$ >/dev/null; ulimit -Sn 300"
    environment = {"MODULAR_CACHE_DIR": str(tmp_path)}
    found = examined(*ports, inside=mounts(read_only(tmp_path), one), environment=environment)
    assert found.status == 3
    assert found.levels().keys() >= {"cores.allowed", "files.open"}
    assert found.findings["cores.allowed"]["found"].split()[0] == "1"
    assert found.findings["files.open"]["found"] == "300"
    assert "--max-connections 172" in found.findings["files.open"]["remedy"]
    assert "Read-only file system" in found.findings["cache.directory"]["found"]
    assert found.findings["cache.directory"]["level"] == "ok"
    assert "a warm start is expected" in found.findings["cache.graph"]["meaning"]
    # Where it may write, the server records its start.
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path))
    start = time.monotonic()
    directory = tmp_path_factory.mktemp("server")
    with running(directory, environment=environment, inside=shell(one)) as server:
        elapsed_s = time.monotonic() - start
        wait_until(server, lambda: read_last_start() is not None)
        log = server.log.read_text()
    assert "Compiling the graph" not in log
    recorded = read_last_start()
    assert recorded is not None
    assert recorded.model == "distilbert-minilm-l6-sst2"
    # /ready is asked for twice a second, and answers after the port opens.
    assert elapsed_s / 4 < recorded.total_s < elapsed_s + 1
    assert recorded.imports_s > 0 < recorded.model_s


def test_a_cold_cache_that_is_read_only(ports: tuple[str, ...], tmp_path: Path) -> None:
    inside = mounts(read_only(tmp_path))
    environment = {"MODULAR_CACHE_DIR": str(tmp_path)}
    found = examined(*ports, inside=inside, environment=environment)
    assert found.status == 3
    for name in ("cache.directory", "cache.graph"):
        assert found.findings[name]["level"] == "warning"
    assert "each start compiles" in found.findings["cache.directory"]["meaning"]
    assert "MODULAR_CACHE_DIR" in found.findings["cache.directory"]["remedy"]
    # What a start does with what it has compiled.
    stored = run(
        *inside,
        sys.executable,
        "-c",
        "from distilbert_sentiment_arch.compile_cache import store; store('graph', b'code')",
        environment=environment,
    )
    assert "graph is not kept, each start compiles it" in stored.stderr


def test_half_a_gigabyte_of_memory(ports: tuple[str, ...], tmp_path: Path) -> None:
    with memory_cgroup(f"doctor-{os.getpid()}", HALF_A_GIGABYTE) as cgroup:
        if cgroup is None:
            pytest.skip("this machine lets no memory cgroup be made")
        inside = shell(f"echo $$ >{cgroup}/cgroup.procs")
        found = examined(*ports, inside=inside)
        assert found.status == 4
        assert found.findings["memory.limit"]["found"] == "537 MB (limit of the cgroup)"
        assert found.findings["memory.limit"]["level"] == "unfit"
        assert "1.8 GB" in found.findings["memory.limit"]["remedy"]
        if not psutil.swap_memory().total:  # which the limit of a cgroup does not hold for
            ended = command("serve", *ports[:2], inside=inside, environment=metrics_on(ports[-1]))
            assert ended.returncode != 0


def test_half_a_gigabyte_of_addresses(ports: tuple[str, ...]) -> None:
    inside = shell(f"ulimit -v {HALF_A_GIGABYTE >> 10}")
    found = examined(*ports, inside=inside)
    assert found.status == 4
    assert found.findings["memory.address_space"]["found"] == "537 MB (ulimit -v)"
    assert found.findings["memory.address_space"]["level"] == "unfit"
    assert "ulimit -v unlimited" in found.findings["memory.address_space"]["remedy"]
    assert found.findings["software.max"]["level"] == "unfit"
    ended = command("serve", *ports[:2], inside=inside, environment=metrics_on(ports[-1]))
    assert ended.returncode != 0


def test_no_compiler_where_the_extension_of_max_is_not_built(
    ports: tuple[str, ...], tmp_path: Path
) -> None:
    extension = built_extension()
    environment = {"PATH": path_without(tmp_path, *COMPILERS)}
    inside = mounts(f"mount -t tmpfs tmpfs {shlex.quote(str(extension))}")
    found = examined(*ports, inside=inside, environment=environment)
    assert found.status == 4
    assert found.findings["software.c_compiler"]["level"] == "unfit"
    assert "apt-get install gcc" in found.findings["software.c_compiler"]["remedy"]
    assert found.findings["software.max"]["level"] == "unfit"
    ended = command(
        "serve", *ports[:2], inside=inside, environment=environment | metrics_on(ports[-1])
    )
    assert ended.returncode == 1
    assert "unable to find suitable c compiler" in ended.stderr


def test_no_network(ports: tuple[str, ...], tmp_path: Path) -> None:
    if run("unshare", "--net", "true").returncode:
        pytest.skip("needs the right to make a network namespace")
    inside = ["unshare", "--net"]
    environment = {"HF_HOME": str(tmp_path)}
    found = examined("--model", "someone/a-model", *ports, inside=inside, environment=environment)
    assert found.status == 4
    assert found.findings["hub.access"]["level"] == "warning"
    assert found.findings["model.checkpoint"]["level"] == "unfit"
    assert "--model" in found.findings["model.checkpoint"]["remedy"]
    ended = command(
        "serve", "--dry-run", "--model", "someone/a-model", inside=inside, environment=environment
    )
    assert ended.returncode == 1
    assert "the Hugging Face hub did not give it out" in ended.stderr


def test_ports_that_are_taken() -> None:
    (free,) = quiet_ports(1)
    with taken() as port, taken() as other:
        found = examined(*on(port), environment=metrics_on(other))
        assert found.status == 4
        for name, api, scraped in (
            ("ports.api", port, free),
            ("ports.metrics", free, other),
        ):
            finding = found.findings[name]
            assert finding["level"] == "unfit"
            assert finding["meaning"] == "the server does not start"
            ended = command("serve", *on(api), environment=metrics_on(scraped))
            assert ended.returncode == 1
            assert ended.stderr == f"max-sentiment: {finding['found']}. {finding['remedy']}\n"


def test_a_processor_that_nobody_knows(ports: tuple[str, ...], tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(UNIT_LESS)
    inside = mounts(f"mount --bind {shlex.quote(str(cpuinfo))} /proc/cpuinfo")
    found = examined("--precision", "auto", *ports, inside=inside)
    assert found.status == 3
    assert found.findings["processor.name"]["found"].startswith("A processor of nobody's")
    assert found.findings["processor.precisions"]["found"] == "float32"
    assert found.findings["cache.graph"]["found"].startswith("float32: graph-")
    assert "not compiled for this processor" in found.findings["cache.graph"]["meaning"]
    # What a server chooses there; avx2 is not among the flags.
    code = (
        "from distilbert_sentiment_arch.engine.precision import choose, read_processor\n"
        "print(choose('auto', read_processor(), lambda precision: 1 / 0)[0].precision)"
    )
    assert run(*inside, sys.executable, "-c", code).stdout == "float32\n"


def test_an_accelerator_that_max_reports(ports: tuple[str, ...]) -> None:
    environment = environment_with({"api": "cuda", "model": "Fake accelerator"})
    found = examined("--devices", "auto", *ports, environment=environment)
    assert found.status == 3
    assert "Fake accelerator" in found.findings["accelerators.gpu:0"]["found"]
    chosen = found.findings["accelerators.chosen"]
    assert chosen["found"] == "--devices auto takes cpu"
    assert "was not probed" in chosen["meaning"]
    assert "--probe" in chosen["remedy"]
    ended = command("serve", "--dry-run", "--devices", "auto", environment=environment)
    assert f"max-sentiment: computing on cpu: {chosen['meaning']}" in ended.stderr
    assert "--devices cpu" in ended.stdout


def test_a_setting_and_a_checkpoint_that_serve_refuses(
    ports: tuple[str, ...], tmp_path: Path
) -> None:
    environment = {"MAX_SENTIMENT_DEADLINE_S": "soon"}
    found = examined("--model", tmp_path, *ports, environment=environment)
    assert found.status == 4
    assert found.findings["model.checkpoint"]["level"] == "unfit"
    refused = command("serve", "--dry-run", "--model", tmp_path)
    assert refused.stderr.endswith(f"{found.findings['model.checkpoint']['meaning']}\n")
    wrong = command("serve", "--dry-run", environment=environment)
    assert wrong.returncode == refused.returncode == 1
    assert wrong.stderr == f"max-sentiment: {found.findings['settings.limits']['found']}\n"


def test_shared_memory_without_room(ports: tuple[str, ...]) -> None:
    inside = mounts("mount -t tmpfs -o size=4k tmpfs /dev/shm")
    found = examined(*ports, inside=inside)
    assert found.status == 4
    finding = found.findings["files.shared_memory"]
    assert finding["level"] == "unfit"
    assert "No space left on device" in finding["found"]
    assert "emptyDir" in finding["remedy"]
    ended = command("serve", *ports[:2], inside=inside, environment=metrics_on(ports[-1]))
    assert ended.returncode == 1
    assert "No space left on device" in ended.stderr


def test_a_python_without_the_packages(ports: tuple[str, ...]) -> None:
    bare = next(Path(sys.base_prefix, "bin").glob("python3"), None)
    if bare is None or not run(bare, "-c", "import max").returncode:
        pytest.skip("there is no Python without MAX beside this one")
    found = examined(*ports, python=str(bare))
    assert found.status == 4
    for name in ("software.packages", "software.max", "model.checkpoint"):
        assert found.findings[name]["level"] == "unfit"
    assert "'max[serve]==26.7.0'" in found.findings["software.packages"]["remedy"]
    ended = command("serve", "--dry-run", python=str(bare))
    assert ended.returncode == 1
    packages = found.findings["software.packages"]
    assert ended.stderr == (
        f"max-sentiment: {packages['found']}. Install what is needed: {packages['remedy']}\n"
    )
