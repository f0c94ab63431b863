"""A server whose accelerator fails: MAX reports one that is not there, and its probe has passed.

One server goes through all of it, in the order of the tests: a start on an accelerator costs half a
minute, and so does the one on the CPU that follows.
"""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from fake_accelerators import SITE, environment_with
from metrics_page import scrape
from server_process import START_TIMEOUT_S, Server, starting_server

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.compile_cache import cache_directory
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.machine.accelerators import Accelerator, find_accelerators
from distilbert_sentiment_arch.probe.kept import keep_verdict, kept_verdict
from distilbert_sentiment_arch.probe.verdict import CLASSIFIER, RungVerdict
from scripts.server_process import wait_until_ready

pytestmark = pytest.mark.slow

TEXT = {"input": "I love it."}


@dataclass(frozen=True)
class Fallen:
    """A server on its way down, and the accelerator that it was started on."""

    server: Server
    accelerator: Accelerator


@pytest.fixture(scope="module")
def fallen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fallen]:
    # A name of its own, so that no verdict of another run counts.
    described = {"model": f"Fake {uuid.uuid4().hex}"}
    with pytest.MonkeyPatch.context() as patched:
        environment = environment_with(described)
        patched.syspath_prepend(str(SITE))
        for name, value in environment.items():
            patched.setenv(name, value)
        find_accelerators.cache_clear()
        (accelerator,) = find_accelerators().found
        find_accelerators.cache_clear()
    before = set(kept_files())
    keep_verdict(
        accelerator, find_checkpoint(None, FAMILIES), RungVerdict("gpu:0", CLASSIFIER, "works")
    )
    directory = tmp_path_factory.mktemp("fallen")
    flags = ("--devices", "auto", "--device-fallback", "always")
    try:
        with starting_server(directory, *flags, environment=environment, search=(SITE,)) as server:
            wait_until_ready(server)
            yield Fallen(server, accelerator)
    finally:
        for path in set(kept_files()) - before:
            path.unlink(missing_ok=True)


def kept_files() -> Iterator[Path]:
    return cache_directory().glob("probe-*")


def log_of(server: Server) -> str:
    return server.log.read_text(encoding="utf-8", errors="replace")


def until(server: Server, happened: Callable[[], Any]) -> Any:
    """Waits for an event, and returns what says that it happened."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert server.process.poll() is None, log_of(server)[-4000:]
        if found := happened():
            return found
        time.sleep(0.05)
    raise AssertionError(log_of(server)[-4000:])


def test_a_start_that_fails_falls_back_to_the_cpu_within_the_same_command(fallen: Fallen) -> None:
    server = fallen.server
    answer = server.client.post("/classify", json=TEXT).json()
    assert answer["data"][0]["label"] == "POSITIVE"
    (model,) = (
        each for each in server.client.get("/v1/models").json()["data"] if each["route"] == "model"
    )
    device = model["device"]
    assert (device["computed"], device["requested"], device["failed"]) == (
        *("cpu", "auto"),
        ["gpu:0"],
    )
    assert device["reason"].startswith("gpu:0 failed at its start: it ended with status ")
    assert server.client.get("/ready").json()["device"] == "cpu"
    sample = ("sentiment_device_fallback", frozenset({("from", "gpu:0"), ("to", "cpu")}))
    assert until(server, lambda: scrape(server).get(sample)) == 1


def test_the_log_says_what_was_chosen_what_failed_and_what_follows(fallen: Fallen) -> None:
    lines = [
        line for line in log_of(fallen.server).splitlines() if line.startswith("max-sentiment: ")
    ]
    chosen, serving, falls_back = lines[:3]
    described = f"gpu:0 ({fallen.accelerator.model}, cuda)"
    assert chosen == (
        f"max-sentiment: computing on gpu:0: {described} passed its probe with this model"
    )
    assert serving.startswith("max-sentiment: serving distilbert-minilm-l6-sst2 from ")
    assert falls_back.startswith("max-sentiment: gpu:0 failed at its start: it ended with status ")
    assert falls_back.endswith("; falling back to the CPU (--device-fallback always)")


def test_the_next_auto_takes_the_cpu(fallen: Fallen) -> None:
    kept = kept_verdict(fallen.accelerator, find_checkpoint(None, FAMILIES))
    assert kept is not None
    assert kept.outcome == "crashed"
    assert kept.reason.startswith("at the start of a server, it ended with status ")


def test_a_failure_in_service_is_bridged_by_the_word_list(fallen: Fallen) -> None:
    server = fallen.server
    (api,) = psutil.Process(server.process.pid).children()
    processes = [api, *api.children(recursive=True)]
    assert len(processes) > 1
    max(processes[1:], key=lambda each: each.memory_info().rss).kill()
    until(server, lambda: "cpu failed in service" in log_of(server))

    def answered() -> str | None:
        try:
            response = httpx.post(f"{server.url}/classify", json=TEXT, trust_env=False, timeout=60)
        except httpx.TransportError:
            return None
        return response.headers.get("X-Sentiment-Route") if response.status_code == 200 else None

    assert until(server, answered) == "lexicon"
    # No gap between the two but the one in which the word list gives up the port.
    until(server, lambda: answered() == "model")
    assert "cpu failed in service: it ended with status 1; starting it again in 1 s, 1 of 3" in (
        log_of(server)
    )
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert alive == []


def test_sigterm_ends_it_all_in_order(fallen: Fallen) -> None:
    server = fallen.server
    processes = psutil.Process(server.process.pid).children(recursive=True)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=START_TIMEOUT_S) == 0
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert alive == []
