"""Findings about open files, temporary directories and shared memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from doctor_answers import examined_with

from distilbert_sentiment_arch.doctor.checks import files
from distilbert_sentiment_arch.doctor.checks.files import check_files, open_files
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.machine.disks import Room
from distilbert_sentiment_arch.machine.open_files import OpenFiles

MIB = 2**20


def temporary(monkeypatch: pytest.MonkeyPatch, *rooms: Room, compiled: bool = False) -> Finding:
    by_path = {each.path: each for each in rooms}
    monkeypatch.setattr(files, "temporary_directories", lambda: list(by_path))
    shared = Room(files.SHARED_MEMORY, 64 * MIB, 64 * MIB)
    monkeypatch.setattr(files, "read_room", lambda path: by_path.get(path, shared))
    (finding,) = (
        each
        for each in check_files(examined_with(warmth={"compiled": compiled}))
        if each.name == "files.temporary"
    )
    return finding


@pytest.mark.parametrize(
    ("limit", "level", "remedy"),
    [
        (OpenFiles(1152, 1152), "ok", ""),
        (OpenFiles(2**62, 2**62), "ok", ""),
        (OpenFiles(1024, 4096), "warning", "ulimit -n 1152"),
        (OpenFiles(256, 256), "warning", "--max-connections 128"),
    ],
)
def test_open_files_are_held_against_connections(limit: OpenFiles, level: str, remedy: str) -> None:
    finding = open_files(limit)
    assert finding.level == level
    assert remedy in finding.remedy


def test_fewer_connections_need_fewer_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_SENTIMENT_MAX_CONNECTIONS", "128")
    assert open_files(OpenFiles(256, 256)).level == "ok"
    monkeypatch.setenv("MAX_SENTIMENT_MAX_CONNECTIONS", "many")  # see settings
    assert open_files(OpenFiles(256, 256)).level == "warning"


def test_no_temporary_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = temporary(monkeypatch, Room(Path("/tmp"), 1, 1, "Read-only file system"))
    assert finding.level == "unfit"
    assert "/tmp (Read-only file system)" in finding.found
    assert "TMPDIR" in finding.remedy


@pytest.mark.parametrize(("compiled", "level"), [(False, "unfit"), (True, "ok")])
def test_no_room_for_a_compiler(
    monkeypatch: pytest.MonkeyPatch, compiled: bool, level: str
) -> None:
    small = Room(Path("/tmp"), MIB, MIB)
    assert temporary(monkeypatch, small, compiled=compiled).level == level


def test_room_elsewhere_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    found = temporary(
        monkeypatch, Room(Path("/tmp"), MIB, MIB), Room(Path("/var/tmp"), 64 * MIB, 64 * MIB)
    )
    assert found.level == "ok"
    assert "/var/tmp" in found.meaning
