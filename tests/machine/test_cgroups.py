"""Control groups, from files as Linux writes them in several places."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from distilbert_sentiment_arch.machine.cgroups import cgroup_directories
from distilbert_sentiment_arch.machine.cores import cgroup_quota
from distilbert_sentiment_arch.machine.memory import cgroup_limit

GIB = 2**30
NO_LIMIT = "9223372036854771712"  # of version 1


@dataclass(frozen=True)
class System:
    """A process's files in /proc, and a directory for control groups."""

    process: Path
    mounted: Path

    def describe(self, cgroup: str, mountinfo: str) -> None:
        self.process.mkdir()
        (self.process / "cgroup").write_text(cgroup)
        (self.process / "mountinfo").write_text(mountinfo.replace("@", str(self.mounted)))

    def write(self, path: str, content: str) -> None:
        file = self.mounted / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content + "\n")


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path / "self", tmp_path / "cgroup")


VERSION_2 = "35 24 0:30 / @ rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"


def test_the_lowest_limit_of_a_group_and_its_parents_holds(system: System) -> None:
    system.describe("0::/machine/pod/server\n", VERSION_2)
    system.write("machine/pod/server/memory.max", "max")
    system.write("machine/pod/memory.max", str(GIB))
    system.write("machine/memory.max", str(4 * GIB))
    system.write("machine/pod/server/cpu.max", "max 100000")
    system.write("machine/pod/cpu.max", "150000 100000")
    system.write("machine/cpu.max", "300000 100000")
    assert cgroup_limit(system.process) == GIB
    assert cgroup_quota(system.process) == 1.5


def test_a_container_sees_its_own_group_at_the_root(system: System) -> None:
    system.describe("0::/\n", VERSION_2)
    system.write("memory.max", str(GIB))
    system.write("cpu.max", "50000 100000")
    assert cgroup_limit(system.process) == GIB
    assert cgroup_quota(system.process) == 0.5
    assert cgroup_directories("memory", system.process) == [system.mounted]


def test_version_1_of_a_container_without_a_namespace(system: System) -> None:
    system.describe(
        "4:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n",
        "36 31 0:33 /docker/abc @/memory rw - cgroup cgroup rw,memory\n"
        "37 31 0:34 /docker/abc @/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n",
    )
    system.write("memory/memory.limit_in_bytes", str(GIB))
    system.write("cpu,cpuacct/cpu.cfs_quota_us", "200000")
    system.write("cpu,cpuacct/cpu.cfs_period_us", "100000")
    assert cgroup_limit(system.process) == GIB
    assert cgroup_quota(system.process) == 2


def test_no_limit_in_version_1(system: System) -> None:
    system.describe(
        "4:memory:/a/b\n3:cpu:/a\n",
        "36 31 0:33 / @/memory rw - cgroup cgroup rw,memory\n"
        "37 31 0:34 / @/cpu rw - cgroup cgroup rw,cpu\n",
    )
    for path in ("memory", "memory/a", "memory/a/b"):
        system.write(f"{path}/memory.limit_in_bytes", NO_LIMIT)
    system.write("cpu/a/cpu.cfs_quota_us", "-1")
    system.write("cpu/a/cpu.cfs_period_us", "100000")
    assert cgroup_limit(system.process) == int(NO_LIMIT)
    assert cgroup_quota(system.process) is None


def test_a_group_of_another_namespace_stands_for_what_is_in_sight(system: System) -> None:
    system.describe("0::/../../other\n", VERSION_2)
    system.write("memory.max", str(GIB))
    assert cgroup_limit(system.process) == GIB


@pytest.mark.parametrize("mountinfo", ["", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"])
def test_without_control_groups_there_is_no_limit(system: System, mountinfo: str) -> None:
    system.describe("", mountinfo)
    assert cgroup_limit(system.process) is None
    assert cgroup_quota(system.process) is None


def test_without_proc_there_is_no_limit(tmp_path: Path) -> None:
    assert cgroup_limit(tmp_path / "none") is None
    assert cgroup_quota(tmp_path / "none") is None
