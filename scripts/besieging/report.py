"""Report of a campaign, as JSON and as text."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scripts.besieging.watch import Health, Memory

NO_RESPONSE = "closed"
"""Counted in place of a status if the server closed the connection, which it may do."""
NOT_AWAITED = "not awaited"
"""Counted in place of a status if the client did not wait for a response."""
_WORST = 5
"""Number of the longest waits in the report."""


@dataclass(frozen=True)
class Failure:
    """A failure of the server.

    Attributes:
        number: Number of the request, to send it again; -1 if it does not belong to a request.
        what: Description of the failure.
        request: Description of the request.
    """

    number: int
    what: str
    request: str = ""


@dataclass
class Waits:
    """Response times: number, time of sending (monotonic clock) and seconds of each request."""

    numbers: list[int] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    def add(self, number: int, sent: float, took: float) -> None:
        """Adds a request."""
        self.numbers.append(number)
        self.sent.append(sent)
        self.took.append(took)

    def worst(self) -> list[tuple[float, int]]:
        """Returns the longest response times with the numbers of their requests."""
        return sorted(zip(self.took, self.numbers, strict=True), reverse=True)[:_WORST]

    def in_flight(self, start: float, end: float) -> list[int]:
        """Returns the requests in flight between two times, those that took longest first."""
        out = [
            (took, number)
            for number, sent, took in zip(self.numbers, self.sent, self.took, strict=True)
            if sent < end and sent + took > start
        ]
        return [number for _, number in sorted(out, reverse=True)]


@dataclass
class Tally:
    """Counts of a running campaign."""

    statuses: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    failed: int = 0
    good: Counter[str] = field(default_factory=Counter)
    busy: int = 0
    sent_again: int = 0
    bytes_sent: int = 0
    waits: Waits = field(default_factory=Waits)

    def fail(self, failure: Failure) -> None:
        """Counts a failure; the first 200 are kept."""
        self.failed += 1
        if len(self.failures) < 200:
            self.failures.append(failure)


@dataclass(frozen=True)
class Report:
    """Results of a campaign.

    Attributes:
        seed: Seed of its requests.
        requests: Number of hostile requests sent.
        seconds: Duration.
        statuses: Number of responses by kind of request and by status.
        failures: The first 200 failures.
        failed: Number of failures.
        good: Number of good requests whose answer was equal to the bit, by name.
        busy: Number of good requests that were answered 429 or 503 and sent again.
        sent_again: Number of requests sent again because the server had closed the connection.
        mb_sent: Megabytes sent.
        worst_waits: Longest response times: seconds, and the number of the request.
        health_ms: Percentiles of the response times of ``/health``.
        worst_health: The longest of these, and the requests in flight at that time.
        memory_mb: Memory of the process tree before, at the peak and after.
    """

    seed: int
    requests: int
    seconds: float
    statuses: dict[str, dict[str, int]]
    failures: list[Failure]
    failed: int
    good: dict[str, int]
    busy: int
    sent_again: int
    mb_sent: float
    worst_waits: list[tuple[float, int]]
    health_ms: dict[str, float]
    worst_health: list[dict[str, Any]]
    memory_mb: dict[str, float]

    @classmethod
    def of(
        cls, seed: int, requests: int, seconds: float, tally: Tally, health: Health, memory: Memory
    ) -> Report:
        """Creates the report from counts and watches."""
        waits = tally.waits
        return cls(
            seed,
            requests,
            round(seconds, 1),
            {kind: dict(sorted(counts.items())) for kind, counts in sorted(tally.statuses.items())},
            tally.failures,
            tally.failed,
            dict(tally.good),
            tally.busy,
            tally.sent_again,
            round(tally.bytes_sent / 1e6, 1),
            [(round(took, 3), number) for took, number in waits.worst()],
            _percentiles(health.waited),
            _worst_health(health, waits),
            {
                "before": round(memory.before / 1e6, 1),
                "peak": round(memory.peak / 1e6, 1),
                "after": round(memory.after / 1e6, 1),
                "growth": round((memory.after - memory.before) / 1e6, 1),
            },
        )

    def write(self, path: Path) -> None:
        """Writes the report as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    def text(self) -> str:
        """Returns the report as text."""
        total: Counter[str] = Counter()
        for counts in self.statuses.values():
            total.update(counts)
        lines = [
            f"seed {self.seed}: {self.requests} requests in {self.seconds:.0f} s, "
            f"{self.requests / max(self.seconds, 0.1):.0f} a second, {self.mb_sent:.0f} MB",
            f"statuses: {_counts(total)}",
            f"good requests, equal to the bit: {sum(self.good.values())} "
            f"(answered 429 or 503 and sent again: {self.busy})",
            f"sent again after a closed connection: {self.sent_again}",
            "worst waits: "
            + ", ".join(f"{took:.2f} s (request {number})" for took, number in self.worst_waits),
            "/health, ms: " + ", ".join(f"{name} {ms:.1f}" for name, ms in self.health_ms.items()),
            *(
                f"  {each['ms']:.0f} ms, requests in flight: {each['requests']}"
                for each in self.worst_health
            ),
            "memory of the process tree, MB: "
            + ", ".join(f"{name} {mb:.0f}" for name, mb in self.memory_mb.items()),
            "",
            *(f"{kind:42} {_counts(counts)}" for kind, counts in self.statuses.items()),
            "",
            f"failures: {self.failed}",
            *(
                f"{each.what}\n  {each.request}"
                if each.number < 0
                else f"{each.what}\n{each.request}"
                for each in self.failures[:20]
            ),
        ]
        return "\n".join(lines)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{status} {count}" for status, count in sorted(counts.items()))


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {}
    cuts = statistics.quantiles(seconds, n=100)
    found = {"p50": cuts[49], "p99": cuts[98], "max": max(seconds)}
    return {name: round(value * 1000, 2) for name, value in found.items()}


def _worst_health(health: Health, waits: Waits) -> list[dict[str, Any]]:
    worst = sorted(zip(health.waited, health.asked, strict=True), reverse=True)[:_WORST]
    return [
        {"ms": round(waited * 1000, 1), "requests": waits.in_flight(asked, asked + waited)[:12]}
        for waited, asked in worst
    ]
