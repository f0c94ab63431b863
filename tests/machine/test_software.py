"""Versions, from the records of what is installed."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from distilbert_sentiment_arch.machine.software import (
    find_c_compiler,
    glibc_version,
    numbers,
    versions,
)


def test_versions_are_those_that_are_installed() -> None:
    found = versions()
    assert found["max-sentiment"] == "0.1.0"
    assert found["MAX"] == "26.7.0"
    assert found["Mojo"] == "1.2.0"
    assert found["Python"] == platform.python_version()


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is Linux's")
def test_glibc_is_the_one_that_ldd_names() -> None:
    said = subprocess.run(["ldd", "--version"], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[0].endswith(glibc_version())


def test_versions_compare_as_numbers() -> None:
    assert numbers("2.4") < numbers("2.34") < numbers("2.36") < numbers("3")


def test_a_compiler_is_found_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_c_compiler() is None
    compiler = tmp_path / "gcc"
    compiler.touch(0o755)
    assert find_c_compiler() == str(compiler)
