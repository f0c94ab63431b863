"""Control groups of this process, version 1 or 2, and the limits that they set."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_SELF = Path("/proc/self")


def cgroup_directories(controller: str, process: Path = _SELF) -> list[Path]:
    """Returns the directories of a controller, that of this process first, then its parents'.

    A limit of a parent holds for all below it. In a container the outer ones are out of sight.

    Args:
        controller: ``memory`` or ``cpu``.
        process: The process's directory in ``/proc``.
    """
    paths = _paths(process)
    found: list[Path] = []
    for kind, root, mounted, options in _mounts(process):
        if kind == "cgroup2":
            path = paths.get("")
        elif kind == "cgroup" and controller in options:
            path = paths.get(controller)
        else:
            continue
        if path is not None:
            directory = mounted / _below(path, root)
            found += [directory, *(each for each in directory.parents if mounted in each.parents)]
            found += [mounted] if directory != mounted else []
    return [each for each in dict.fromkeys(found) if each.is_dir()]


def read_number(file: Path) -> int | None:
    """Returns the number in a file of a cgroup; None for no file and for ``max``."""
    with suppress(OSError, ValueError):
        return int(file.read_text().split()[0])
    return None


def _paths(process: Path) -> dict[str, str]:
    """Returns the process's cgroups by controller; that of version 2 by an empty name."""
    found: dict[str, str] = {}
    with suppress(OSError):
        for line in (process / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            found |= dict.fromkeys(controllers.split(","), path)
    return found


def _mounts(process: Path) -> Iterator[tuple[str, str, Path, list[str]]]:
    """Yields kind, root, mount point and options of each mounted file system; see proc(5)."""
    with suppress(OSError):
        for line in (process / "mountinfo").read_text().splitlines():
            mount, _, system = line.partition(" - ")
            place, kind = mount.split(), system.split()
            yield kind[0], place[3], Path(place[4]), kind[-1].split(",")


def _below(path: str, root: str) -> str:
    """Returns a cgroup's path relative to where a file system begins that shows a part of all."""
    within = posixpath.normpath(path).removeprefix("/")
    outer = posixpath.normpath(root).removeprefix("/")
    if ".." in path.split("/"):  # of another namespace
        return ""
    if not outer:
        return within
    return within.removeprefix(outer).removeprefix("/") if within.startswith(outer) else ""
