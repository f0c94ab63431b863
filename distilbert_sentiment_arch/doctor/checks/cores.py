"""Cores: what the server may run on, and what a quota leaves of them."""

from __future__ import annotations

from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.machine.cores import Cores, read_cores

AREA = "cores"


def check_cores(_: Examined) -> list[Finding]:
    """Returns the findings of this area."""
    return findings_of(read_cores())


def findings_of(cores: Cores) -> list[Finding]:
    """Returns the findings about these cores."""
    of = str(cores.allowed)
    if cores.allowed < cores.present:
        of += f" of {cores.present}"
    if cores.allowed == 1:
        allowed = Finding(
            AREA,
            "cores.allowed",
            of,
            "the server runs, and a pass and the answers of others wait for each other",
            "Give it two cores or more (taskset, cpuset, the CPU request of the pod).",
            "warning",
        )
    else:
        meaning = f"MAX computes with {cores.allowed} threads, one a logical processor"
        allowed = Finding(AREA, "cores.allowed", of, meaning)
    if cores.quota is None:
        return [allowed]
    found = f"{cores.quota:g} processors' time"
    if cores.quota >= cores.allowed:
        return [allowed, Finding(AREA, "cores.quota", found, "as much as the cores give")]
    return [
        allowed,
        Finding(
            AREA,
            "cores.quota",
            found,
            f"MAX starts {cores.allowed} threads, and Linux stops all of them whenever the quota "
            "of a period is used up: latency jumps",
            "Take the CPU limit away and keep the request, or give the server whole cores of its "
            "own (cpuset, taskset, the CPU manager's policy static).",
            "warning",
        ),
    ]
