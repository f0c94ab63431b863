"""Room in directories, and why nothing can be written to some."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from distilbert_sentiment_arch.machine.disks import read_room


def test_the_room_of_a_directory_is_that_of_its_disk(tmp_path: Path) -> None:
    usage = shutil.disk_usage(tmp_path)
    found = read_room(tmp_path / "not" / "yet")
    assert found.error == ""
    assert found.total == usage.total
    assert found.free == pytest.approx(usage.free, rel=0.2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/proc", "/proc/self/none", "/dev/null/none", "/sys"])
def test_where_nothing_can_be_written_the_system_says_why(path: str) -> None:
    assert read_room(Path(path)).error
