"""Surroundings that lack something, made for one command: cores, memory, a compiler, a network."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from commands import ROOT, run

CLI = ("-m", "distilbert_sentiment_arch.cli")


@dataclass(frozen=True)
class Diagnosis:
    """What ``max-sentiment doctor --json`` said.

    Attributes:
        status: Its exit status.
        findings: Its findings by their names.
        report: The whole object.
    """

    status: int
    findings: Mapping[str, Mapping[str, str]]
    report: Mapping[str, Any]

    def levels(self) -> dict[str, str]:
        """Returns the levels of what is not fit, by name."""
        return {
            name: each["level"] for name, each in self.findings.items() if each["level"] != "ok"
        }


def examined(
    *flags: str | Path,
    inside: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    python: str = sys.executable,
) -> Diagnosis:
    """Runs the doctor.

    Args:
        *flags: Its flags.
        inside: A command that runs the one that follows it in other surroundings.
        environment: Variables added to those of this process.
        python: The Python that runs it.
    """
    doctor = ("doctor", "--json", *flags)
    ended = command(*doctor, inside=inside, environment=environment, python=python)
    assert ended.stdout.startswith("{"), ended.stderr
    report = json.loads(ended.stdout)
    findings = {each["name"]: each for each in report["findings"]}
    assert len(findings) == len(report["findings"])
    return Diagnosis(ended.returncode, findings, report)


def command(
    *arguments: str | Path,
    inside: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    python: str = sys.executable,
) -> subprocess.CompletedProcess[str]:
    """Runs ``max-sentiment`` in other surroundings; see ``examined``."""
    paths = os.pathsep.join(filter(None, [(environment or {}).get("PYTHONPATH"), str(ROOT)]))
    variables = {**(environment or {}), "PYTHONPATH": paths}
    return run(*inside, python, *CLI, *arguments, environment=variables)


def quiet_ports(count: int) -> list[int]:
    """Returns ports of this machine that are free, and that the system gives to nobody unasked."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    found: list[int] = []
    for port in range(first - 1 - os.getpid() % 1000, 1024, -1):
        with suppress(OSError), socket.socket() as trial:
            trial.bind(("", port))
            found.append(port)
        if len(found) == count:
            break
    return found


def shell(script: str) -> list[str]:
    """Returns a command that runs lines of bash, then the command that follows it."""
    return ["bash", "-euc", f'{script}\nexec "$@"', "bash"]


def mounts(*lines: str) -> list[str]:
    """Returns a command that mounts in a namespace of its own; skips where that is not allowed."""
    if run("unshare", "--mount", "true").returncode:
        pytest.skip("needs the right to mount file systems")
    return ["unshare", "--mount", *shell("\n".join(lines))]


def read_only(directory: Path) -> str:
    """Returns lines that make a directory read-only, for root as well."""
    place = shlex.quote(str(directory))
    return f"mount --bind {place} {place} && mount -o remount,bind,ro {place}"


def path_without(directory: Path, *programs: str) -> str:
    """Returns a PATH that has every program of this one but some.

    Args:
        directory: An empty directory, for links to the programs.
        *programs: The names of those that are left out.
    """
    for place in os.environ["PATH"].split(os.pathsep):
        if not os.path.isdir(place):
            continue
        for program in os.scandir(place):
            link = directory / program.name
            if program.name not in programs and not os.path.lexists(link):
                link.symlink_to(program.path)
    return str(directory)
