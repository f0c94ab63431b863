"""``benchmark bulk``: a dataset of texts by this project, beside what else would score it.

All ways score the same texts on the same cores, and take turns in every round.
"""

from __future__ import annotations

import argparse
import json
import random
import shlex
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from scripts.benchmarking.bulk_figures import (
    OURS,
    PAGE,
    PUBLISHED,
    SPLIT,
    BulkFigures,
    Point,
    lines,
    page,
    read_figures,
)
from scripts.benchmarking.config import EMBEDDED
from scripts.benchmarking.errors import BenchmarkError, NotAvailable
from scripts.benchmarking.machine import ForeignLoad, describe_machine, usable_cores
from scripts.benchmarking.models import BenchmarkModel, find_model
from scripts.benchmarking.paths import CORPUS
from scripts.benchmarking.session import commit
from scripts.benchmarking.worker_process import WorkerFailed, WorkerProcess
from scripts.benchmarking.workloads import read_corpus

WAYS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "max": ("product", ("passes", "scorer", "files")),
    "max-bfloat16x3": ("product", (SPLIT,)),
    "transformers": ("torch", ("transformers", "transformers-sorted")),
    "onnxruntime": ("runtimes", ("onnxruntime",)),
}
"""Workers: their environment, and the ways that each has."""

ROWS, ROUNDS = 8000, 5
QUICK_ROWS, QUICK_ROUNDS = 400, 2


def bulk_command(arguments: Sequence[str]) -> int:
    """Measures, prints the tables, and writes them where that is asked for."""
    options = _parser().parse_args(arguments)
    if options.write_page or options.check:
        return write_page(check=options.check)
    rows = options.rows or (QUICK_ROWS if options.quick else ROWS)
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    command = shlex.join(["./scripts/benchmark", "bulk", *arguments])
    figures = measure(
        options.model, rows, rounds, options.threads or usable_cores(), options.only, command
    )
    print("\n".join(lines(figures)))
    text = figures.model_dump_json(indent=2) + "\n"
    if options.output is not None:
        options.output.write_text(text, encoding="utf-8")
    if options.publish:
        PUBLISHED.write_text(text, encoding="utf-8")
        write_page()
    return 0


def write_page(*, check: bool = False) -> int:
    """Writes the page from the published figures; with ``check`` says whether it is stale."""
    wanted = page(read_figures(PUBLISHED))
    stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != wanted
    if stale and not check:
        PAGE.write_text(wanted, encoding="utf-8")
    return int(check and stale)


def measure(
    name: str, rows: int, rounds: int, threads: int, only: Sequence[str] | None, command: str
) -> BulkFigures:
    """Measures all ways with one model.

    Args:
        name: The model, as in a configuration.
        rows: Texts.
        rounds: Turns of each way.
        threads: Cores of each way.
        only: Workers to measure beside this project; None for all.
        command: The command line, for the report.

    Raises:
        BenchmarkError: This project's own ways fail.
    """
    model = find_model(name)
    figures = BulkFigures(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=commit(),
        command=command,
        machine=describe_machine(),
        threads=threads,
        model=model.name,
        rows=rows,
        tokens=0,
    )
    with ExitStack() as stack:
        texts = _written(Path(stack.enter_context(tempfile.TemporaryDirectory())), rows)
        workers: dict[str, WorkerProcess] = {}
        for worker, (environment, ways) in WAYS.items():
            if only is not None and worker not in ("max", *only):
                continue
            _say(f"loading {worker}")
            try:
                process = WorkerProcess(environment, "scripts.benchmarking.bulk_worker", worker)
                stack.callback(process.close)
                figures.settings[worker] = process.ask(
                    "load",
                    checkpoint=str(model.directory),
                    threads=threads,
                    cache=str(model.cache),
                    texts=str(texts),
                )
                for way in ways:  # once untimed: caches and pools fill
                    process.ask("time", way=way)
            except (NotAvailable, WorkerFailed) as error:
                if worker == "max":
                    raise BenchmarkError(str(error)) from None
                figures.unavailable[worker] = str(error)
                continue
            workers |= dict.fromkeys(ways, process)
        figures.tokens = int(figures.settings["max"]["tokens"])
        for settings in figures.settings.values():
            settings.pop("tokens", None)
        _take_turns(figures, workers, rounds)
        _compare(figures, workers)
    if threads > 1:
        _scale(figures, model, rows, rounds)
    return figures


def dataset(rows: int, seed: int = 18) -> list[str]:
    """Returns texts of mixed lengths: those of the corpus, again and again, in random order."""
    texts = [each.text for each in read_corpus(CORPUS)]
    found = (texts * (rows // len(texts) + 1))[:rows] if rows >= len(texts) else texts
    random.Random(seed).shuffle(found)
    return found[:rows]


def _take_turns(figures: BulkFigures, workers: Mapping[str, WorkerProcess], rounds: int) -> None:
    order = random.Random(figures.rows)
    for number in range(rounds):
        ways = list(workers)
        order.shuffle(ways)
        foreign, own = ForeignLoad(), 0.0
        for way in ways:
            _say(f"round {number + 1} of {rounds}: {way}")
            timed = workers[way].ask("time", way=way)
            own += timed["cpu_s"]
            figures.seconds.setdefault(way, []).append(timed["seconds"])
            figures.cpu_s.setdefault(way, []).append(timed["cpu_s"])
        figures.foreign.append(foreign.share(own))


def _scale(figures: BulkFigures, model: BenchmarkModel, rows: int, rounds: int) -> None:
    """Measures one worker, and two beside each other, of half of the cores each."""
    cores = figures.threads // 2
    figures.points = [Point(workers=count, cores=cores, seconds=[]) for count in (1, 2)]
    with ExitStack() as stack:
        texts = _written(Path(stack.enter_context(tempfile.TemporaryDirectory())), rows)
        workers = []
        for number in range(2):
            _say(f"loading worker {number + 1} of 2")
            worker = WorkerProcess("product", "scripts.benchmarking.bulk_worker", "max")
            stack.callback(worker.close)
            worker.ask(
                "load",
                checkpoint=str(model.directory),
                threads=cores,
                cache=str(model.cache),
                texts=str(texts),
                first_core=number * cores,
            )
            worker.ask("time", way="files")
            workers.append(worker)
        pool = stack.enter_context(ThreadPoolExecutor(2))
        for number in range(rounds):
            for point in figures.points:
                _say(f"round {number + 1} of {rounds}: {point.workers} beside each other")
                start = time.perf_counter()
                chosen = workers[: point.workers]
                list(pool.map(lambda worker: worker.ask("time", way="files"), chosen))
                point.seconds.append(time.perf_counter() - start)


def _written(directory: Path, rows: int) -> Path:
    """Writes the texts where workers read them."""
    path = directory / "texts.jsonl"
    lines = (json.dumps({"text": text}) + "\n" for text in dataset(rows))
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _compare(figures: BulkFigures, workers: Mapping[str, WorkerProcess]) -> None:
    """Fills in the share of equal labels: those of the last way that a worker ran."""
    workers["scorer"].ask("time", way="scorer")
    ours = workers["scorer"].ask("labels_found")
    figures.agreement[OURS] = 1.0
    if SPLIT in workers:
        workers[SPLIT].ask("time", way="scorer")
    for way in (SPLIT, "transformers", "onnxruntime"):
        if way in workers:
            theirs = workers[way].ask("labels_found")
            same = sum(a == b for a, b in zip(ours, theirs, strict=True))
            figures.agreement[way] = same / len(ours)


def _say(line: str) -> None:
    print(f"benchmark: {line}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmark bulk", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few texts, two rounds")
    parser.add_argument("--rows", type=int, metavar="N", help=f"texts (default: {ROWS})")
    parser.add_argument("--rounds", type=int, metavar="N", help=f"default: {ROUNDS}")
    parser.add_argument("--threads", type=int, metavar="N", help="default: one for each core")
    parser.add_argument("--model", default=EMBEDDED, help="default: %(default)s")
    parser.add_argument(
        "--only",
        metavar="NAMES",
        type=lambda text: text.split(","),
        help="beside this project in float32 only these: max-bfloat16x3, transformers, onnxruntime",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument(
        "--publish", action="store_true", help="write the figures and docs/scoring-measured.md"
    )
    parser.add_argument(
        "--write-page", action="store_true", help="write the page from the published figures only"
    )
    parser.add_argument(
        "--check", action="store_true", help="measure nothing; fail where the page is stale"
    )
    return parser
