"""Versions of drivers, from what kernel modules say."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from distilbert_sentiment_arch.machine.drivers import driver_version


@pytest.mark.parametrize(
    ("line", "version"),
    [
        (
            "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 2024",
            "535.183.01",
        ),
        (
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build",
            "580.95.05",
        ),
    ],
)
def test_nvidia(tmp_path: Path, line: str, version: str) -> None:
    file = tmp_path / "version"
    file.write_text(f"{line}\nGCC version:  gcc version 12.3.0\n")
    assert driver_version("cuda", nvidia=file) == version


def test_amd_from_its_own_module_or_with_linux(tmp_path: Path) -> None:
    file = tmp_path / "version"
    assert driver_version("hip", amd=file) == f"{platform.system()} {platform.release()}"
    file.write_text("6.12.12\n")
    assert driver_version("hip", amd=file) == "6.12.12"


def test_what_nobody_knows_is_empty() -> None:
    assert driver_version("another") == ""
