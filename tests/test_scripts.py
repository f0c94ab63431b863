"""The two commands of the README."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from commands import ROOT, run

SCRIPTS = ("serve", "test", "check", "benchmark", "siege")


def test_serve_adds_little_of_its_own_once_set_up() -> None:
    run(ROOT / "scripts" / "serve", "--dry-run")
    start = time.monotonic()
    ended = run(ROOT / "scripts" / "serve", "--dry-run", "--port", "9000")
    assert time.monotonic() - start < 2
    assert ended.returncode == 0, ended.stderr
    assert " max serve --model " in ended.stdout
    assert ended.stdout.endswith(" --port 9000\n")


def test_test_passes_its_arguments_to_pytest() -> None:
    ended = run(ROOT / "scripts" / "test", "--version")
    assert ended.returncode == 0, ended.stderr
    assert "pytest 9" in ended.stdout + ended.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_pixi_is_used_where_it_is_on_path(tmp_path: Path, script: str) -> None:
    # pixi itself comes from no registry in reach; what is tested is what the scripts ask of it.
    pixi = tmp_path / "pixi"
    pixi.write_text('#!/bin/sh\necho "pixi $*"\n')
    pixi.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    ended = run(
        ROOT / "scripts" / script,
        "--flag",
        "two words",
        environment={"PATH": path, "PIXI_PROJECT_ROOT": ""},
    )
    assert ended.stdout == f"pixi run {script} --flag two words\n"


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
