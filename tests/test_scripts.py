"""The commands in scripts/: their environments, arguments and relative paths."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from commands import ROOT, run

from scripts import checkpoints

SCRIPTS = ("serve", "test", "check", "benchmark", "siege", "agreement", "explanations")


def test_serve_adds_little_processor_time_once_set_up() -> None:
    def processor_seconds(*command: str | Path) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended = run(*command, "--dry-run", "--port", "9000")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert ended.returncode == 0, ended.stderr
        assert " max serve --model " in ended.stdout
        assert ended.stdout.endswith(" --port 9000\n")
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    module = (sys.executable, "-m", "distilbert_sentiment_arch.cli", "serve")
    processor_seconds(ROOT / "scripts" / "serve")
    own = min(processor_seconds(*module) for _ in range(2))
    assert min(processor_seconds(ROOT / "scripts" / "serve") for _ in range(2)) < 2 * own


def test_test_passes_its_arguments_to_pytest() -> None:
    ended = run(ROOT / "scripts" / "test", "--version")
    assert ended.returncode == 0, ended.stderr
    assert "pytest 9" in ended.stdout + ended.stderr


PIXI = """#!/bin/sh
# What pixi does as far as the scripts can tell, in an environment that is this one.
echo "fake pixi: $1" >&2
case $1 in
    install) exit {install_status} ;;
    run)
        shift
        export INIT_CWD="$PWD" PIXI_PROJECT_ROOT={root} PATH={commands}:"$PATH"
        cd {root} && script=$1 && shift && exec "./scripts/$script" "$@"
        ;;
esac
"""


@pytest.fixture
def pixi(tmp_path: Path) -> Callable[[int], dict[str, str]]:
    """Writes a fake `pixi` that may fail to install; returns environment variables to find it.

    pixi is on none of the registries in reach; only the scripts' use of it is tested.
    """

    def write(install_status: int = 0) -> dict[str, str]:
        script = tmp_path / "bin" / "pixi"
        script.parent.mkdir(exist_ok=True)
        commands = Path(sys.executable).parent
        script.write_text(PIXI.format(install_status=install_status, root=ROOT, commands=commands))
        script.chmod(0o755)
        path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "PIXI_PROJECT_ROOT": "", "MAX_SENTIMENT_ENVIRONMENT": ""}

    return write


def run_in(
    directory: Path, *command: str | Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    arguments = ("bash", "-c", 'cd "$0" && exec "$@"', directory, *command)
    return run(*arguments, environment=environment)


@pytest.mark.parametrize("script", SCRIPTS)
def test_pixi_runs_the_script_if_it_is_on_path(tmp_path: Path, script: str) -> None:
    fake = tmp_path / "pixi"
    fake.write_text('#!/bin/sh\n[ "$1" = install ] || printf "%s\\n" "$@"\n')
    fake.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "PIXI_PROJECT_ROOT": "/another/project"}
    ended = run(ROOT / "scripts" / script, "--flag", "two words", environment=environment)
    assert ended.stdout.splitlines() == ["run", script, "--flag", "two words"]


@pytest.mark.parametrize("command", [[ROOT / "scripts" / "serve"], ["pixi", "run", "serve"]])
def test_in_pixi_paths_are_relative_to_the_caller_s_directory(
    tmp_path: Path, pixi: Callable[[int], dict[str, str]], command: list[str | Path]
) -> None:
    directory = tmp_path / "a b"
    checkpoints.write_checkpoint(directory / "mine", checkpoints.random_config())
    ended = run_in(directory, *command, "--dry-run", "--model", "mine", environment=pixi(0))
    assert ended.returncode == 0, ended.stderr
    assert "fake pixi: run" in ended.stderr
    assert f"--model '{directory / 'mine'}'" in ended.stdout


def test_if_pixi_cannot_install_the_virtual_environment_is_used_and_named(
    tmp_path: Path, pixi: Callable[[int], dict[str, str]]
) -> None:
    checkpoints.write_checkpoint(tmp_path / "mine", checkpoints.random_config())
    serve = (ROOT / "scripts" / "serve", "--dry-run", "--model", "mine")
    ended = run_in(tmp_path, *serve, environment=pixi(1))
    assert ended.returncode == 0, ended.stderr
    assert f"--model {tmp_path / 'mine'}" in ended.stdout
    (line,) = (line for line in ended.stderr.splitlines() if ".venv" in line)
    assert "pixi could not install" in line
    only_pixi = pixi(1) | {"MAX_SENTIMENT_ENVIRONMENT": "pixi"}
    ended = run_in(tmp_path, *serve, environment=only_pixi)
    assert ended.returncode == 1
    assert ended.stdout == ""


def test_the_virtual_environment_can_be_chosen(
    tmp_path: Path, pixi: Callable[[int], dict[str, str]]
) -> None:
    environment = pixi(0) | {"MAX_SENTIMENT_ENVIRONMENT": "venv"}
    ended = run(ROOT / "scripts" / "serve", "--dry-run", environment=environment)
    assert ended.returncode == 0, ended.stderr
    assert "fake pixi" not in ended.stderr
    assert "MAX_SENTIMENT_ENVIRONMENT is venv" in ended.stderr.splitlines()[0]


@pytest.mark.parametrize(
    ("choice", "message"), [("conda", "Set it to pixi or venv"), ("pixi", "is not on PATH")]
)
def test_an_unavailable_environment_is_refused(choice: str, message: str) -> None:
    environment = {"MAX_SENTIMENT_ENVIRONMENT": choice, "PIXI_PROJECT_ROOT": "", "PATH": "/bin"}
    ended = run(ROOT / "scripts" / "serve", "--dry-run", environment=environment)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith("MAX_SENTIMENT_ENVIRONMENT is ")
    assert message in line


def test_test_takes_paths_relative_to_the_caller_s_directory() -> None:
    name = "./test_messages.py::test_a_message_that_fits_stays_as_it_is"
    command = (ROOT / "scripts" / "test", "--collect-only", "--quiet", name)
    ended = run_in(ROOT / "tests", *command, environment={})
    assert ended.returncode == 0, ended.stdout + ended.stderr
    collected = [line for line in ended.stdout.splitlines() if "::" in line]
    assert collected == [f"tests/{name.removeprefix('./')}"]


def test_test_runs_the_whole_suite_from_anywhere(tmp_path: Path) -> None:
    not_to_take_long = f"--ignore-glob={ROOT}/tests/*/*"
    options = ("--collect-only", "--quiet", not_to_take_long)
    ended = run_in(tmp_path, ROOT / "scripts" / "test", *options, environment={})
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "tests/test_messages.py::test_a_message_that_fits_stays_as_it_is" in ended.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_python_that_is_too_old_is_named(tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        old = tmp_path / name
        old.write_text("#!/bin/sh\nexit 1\n")
        old.chmod(0o755)
    ended = run(
        "bash",
        "-c",
        "source scripts/environment; find_python",
        environment={"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
    )
    assert ended.returncode == 1
    assert "Python 3.11 to 3.14 is needed" in ended.stderr
