"""The command line of ``scripts/siege``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.besieging.campaign import Plan, run
from scripts.besieging.generator import Generator
from scripts.besieging.oracle import judge
from scripts.besieging.report import Report
from scripts.besieging.server import TargetServer, started
from scripts.besieging.transport import Connection, exchange

_HOST = "127.0.0.1"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a campaign, or sends some of its requests again.

    Returns:
        The exit status: 1 if there were failures.
    """
    options = _parser().parse_args(arguments)
    if options.only is not None and options.dry_run:
        generator = Generator(options.seed)
        for number in options.only:
            sys.stdout.buffer.write(generator.request(number).content)
        return 0
    with _server(options) as server:
        if options.only is not None:
            return asyncio.run(_replay(server, options.seed, options.only))
        plan = Plan(
            port=server.port,
            pid=server.pid or None,
            log=server.log if server.log != _NO_LOG else None,
            seed=options.seed,
            requests=options.requests,
            seconds=options.seconds,
            connections=options.connections,
            timeout_s=options.timeout,
            growth_mb=options.growth,
        )
        report = run(plan, interruptible=True)
    return _print_report(report, options.output)


def _print_report(report: Report, output: Path | None) -> int:
    print(report.text())
    if output is not None:
        report.write(output)
    return 1 if report.failed else 0


_NO_LOG = Path()


@contextmanager
def _server(options: argparse.Namespace) -> Iterator[TargetServer]:
    if options.port is not None:
        yield TargetServer(options.port, options.pid, options.log)
        return
    with started(options.server) as server:
        yield server


async def _replay(server: TargetServer, seed: int, numbers: Sequence[int]) -> int:
    """Sends requests one by one, each on a new connection, and prints the responses."""
    generator = Generator(seed)
    failed = 0
    for number in numbers:
        request = generator.request(number)
        print(request.shown())
        connection = await Connection.open(_HOST, server.port)
        found = await exchange(connection, request, 75)
        connection.close()
        for answer in found.answers:
            print(f"  -> {answer.shown()}")
        if found.ended is not None:
            print(f"  -> {found.ended}")
        wrong = judge(request, found)
        if wrong is not None:
            failed += 1
            print(f"  WRONG: {wrong}")
    return 1 if failed else 0


def _number_range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/siege",
        description="Sends hostile requests to a server on this machine, and good ones between "
        "them whose answers must not change by a bit. Without --port it starts a server itself.",
    )
    parser.add_argument("--requests", type=int, default=1_000_000, help="maximum number")
    parser.add_argument("--seconds", type=float, default=3600, help="maximum duration")
    parser.add_argument("--seed", type=int, default=1, help="seed of the requests")
    parser.add_argument("--connections", type=int, default=12, help="parallel connections")
    parser.add_argument(
        "--timeout", type=float, default=10, help="seconds that a small request may take"
    )
    parser.add_argument(
        "--growth", type=float, default=400, metavar="MB", help="maximum growth of its memory"
    )
    parser.add_argument(
        "--server",
        choices=("serve", "lexicon"),
        default="serve",
        help="server to start",
    )
    parser.add_argument("--port", type=int, help="port of a running server, on 127.0.0.1")
    parser.add_argument("--pid", type=int, default=0, help="its process, to watch its memory")
    parser.add_argument("--log", type=Path, default=_NO_LOG, help="its log, to search it")
    parser.add_argument("--output", type=Path, help="file for the report, as JSON")
    parser.add_argument(
        "--only",
        type=_number_range,
        metavar="N[-M]",
        help="send only these requests of the campaign, one by one",
    )
    parser.add_argument("--dry-run", action="store_true", help="with --only: print their bytes")
    return parser
