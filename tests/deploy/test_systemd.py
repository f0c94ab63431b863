"""The systemd units: checked by systemd, and compared with the servers' flags and variables."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
from commands import run, run_python
from deployment import DEPLOY, bytes_of, compose, image_environment, seconds_of, unit

from distilbert_sentiment_arch.cli.serve import serve_environment

UNITS = {"max-sentiment": "model", "max-sentiment-lexicon": "lexicon"}
COMMAND = "/opt/max-sentiment/bin/max-sentiment"
DRAIN_S = float(serve_environment({})["MAX_SERVE_GRACEFUL_SHUTDOWN_TIMEOUT_S"])
EXPOSURE = 20
"""Most of systemd's exposure score (0 to 100, of offline analysis) that a unit may have."""

each_unit = pytest.mark.parametrize("name", UNITS)
needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd is not here"
)


def flag(words: list[str], name: str, default: str) -> str:
    return words[words.index(name) + 1] if name in words else default


@needs_systemd
@each_unit
def test_systemd_reports_no_problem(name: str, tmp_path: Path) -> None:
    (tmp_path / "max-sentiment").symlink_to("/bin/true")
    copy = tmp_path / f"{name}.service"
    text = (DEPLOY / "systemd" / copy.name).read_text()
    copy.write_text(text.replace(COMMAND, str(tmp_path / "max-sentiment")))
    ended = run("systemd-analyze", "verify", "--man=no", copy)
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


@needs_systemd
@each_unit
def test_the_exposure_level_is_low(name: str) -> None:
    ended = run(
        *["systemd-analyze", "security", "--offline=yes", "--no-pager"],
        *[f"--threshold={EXPOSURE}", DEPLOY / "systemd" / f"{name}.service"],
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@each_unit
@pytest.mark.parametrize("setting", ["ExecStart", "ExecStartPost"])
def test_commands_exist(name: str, setting: str) -> None:
    (line,) = unit(name)[setting]
    command, *words = shlex.split(line)
    assert command == COMMAND
    ended = run_python("-m", "distilbert_sentiment_arch.cli", *words, "--help")
    assert ended.returncode == 0, ended.stderr


@each_unit
def test_a_unit_is_started_once_its_own_port_is_ready(name: str) -> None:
    start, ready = (shlex.split(unit(name)[key][0]) for key in ("ExecStart", "ExecStartPost"))
    assert flag(ready, "--port", "8000") == flag(start, "--port", "8000")
    (timeout,) = unit(name)["TimeoutStartSec"]
    assert float(flag(ready, "--wait", "0")) < seconds_of(timeout)


def test_the_two_servers_do_not_share_ports() -> None:
    words = shlex.split(unit("max-sentiment-lexicon")["ExecStart"][0])
    ports = {flag(words, "--port", "8000"), flag(words, "--metrics-port", "8001")}
    assert not ports & {"8000", "8001"}


@each_unit
def test_requests_in_flight_may_finish_at_the_stop(name: str) -> None:
    (timeout,) = unit(name)["TimeoutStopSec"]
    assert seconds_of(timeout) > DRAIN_S
    assert unit(name)["Restart"] == ["always"]


@each_unit
def test_the_environment_is_that_of_the_image_except_for_the_cache(name: str) -> None:
    environment = dict(each.split("=", 1) for each in unit(name)["Environment"])
    expected = image_environment()
    del expected["PATH"]
    assert environment == expected | {"MODULAR_CACHE_DIR": expected["XDG_CACHE_HOME"]}
    assert unit(name)["CacheDirectory"] == [Path(environment["MODULAR_CACHE_DIR"]).name]


@each_unit
def test_resource_limits_are_those_of_compose(name: str) -> None:
    service = compose()["services"][UNITS[name]]
    (memory,), (tasks,), (weight,) = (
        unit(name)[key] for key in ("MemoryMax", "TasksMax", "CPUWeight")
    )
    assert bytes_of(memory) == bytes_of(service["mem_limit"])
    assert int(tasks) == service["pids_limit"]
    assert int(weight) / 100 == service["cpu_shares"] / 1024  # both relative to their default


def test_both_units_share_a_user_and_a_cache() -> None:
    first, second = (unit(name) for name in UNITS)
    for setting in ("User", "DynamicUser", "CacheDirectory", "Environment"):
        assert first[setting] == second[setting]


def test_the_lexicon_server_needs_no_writable_code_and_the_model_server_does() -> None:
    assert unit("max-sentiment-lexicon")["MemoryDenyWriteExecute"] == ["yes"]
    assert "MemoryDenyWriteExecute" not in unit("max-sentiment")
