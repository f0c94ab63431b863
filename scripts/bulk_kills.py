"""Kills a job at random moments and at every step of a commit, and compares what comes out of it.

    .venv/bin/python -m scripts.bulk_kills [--kills 100] [--seed 1] [--format parquet]

A job over files of several formats runs once without interruption. Then it runs in processes that
end by SIGKILL, half of them at a random moment, the others right before or after one of the calls
with which a file is forced to the disk, renamed or removed; each next process continues. After
each kill, every part that is visible must be one of the uninterrupted run, byte for byte; in the
end the whole output must be. Exits with 1 where it is not. A word list answers, so that most of
the time is spent on files.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from distilbert_sentiment_arch.bulk.job.job import SUCCESS, open_job
from distilbert_sentiment_arch.bulk.job.lock import LOCK
from distilbert_sentiment_arch.bulk.job.output_directory import ASIDE
from distilbert_sentiment_arch.bulk.job.task_run import run_task
from distilbert_sentiment_arch.bulk.options import (
    OUTPUT_FORMATS,
    InputOptions,
    JobOptions,
    ModelOptions,
    OutputFormat,
)
from distilbert_sentiment_arch.bulk.scoring.scorer import load_scorer

WORDS = "good bad film great awful the plot a waste wonderful boring love hate of it".split()

ROWS = 3000
PART_ROWS = 250
TINY_FILES = 300

MODEL = ModelOptions(model="afinn-111")
SCORER = load_scorer(MODEL)
"""Loaded once, before the processes are forked."""

AIMED = ("replace", "fsync", "unlink", "open")
"""Calls of the operating system that a kill is aimed at."""


def write_input(directory: Path, chance: random.Random) -> None:
    """Writes Parquet of which a row in a hundred is null, JSON lines, and many tiny files."""
    directory.mkdir(parents=True)

    def text() -> str:
        return " ".join(chance.choices(WORDS, k=chance.randrange(3, 30)))

    for name in ("a", "b"):
        texts = [None if chance.random() < 0.01 else text() for _ in range(ROWS)]
        table = pa.table({"id": range(ROWS), "text": texts})
        pq.write_table(table, directory / f"{name}.parquet", row_group_size=700)
    (directory / "lines").mkdir()
    lines = [json.dumps({"id": row, "text": text()}) for row in range(ROWS // 2)]
    (directory / "lines" / "c.jsonl").write_text("\n".join(lines) + "\n")
    (directory / "tiny").mkdir()
    for number in range(TINY_FILES):
        content = json.dumps({"id": number, "text": text()})
        (directory / "tiny" / f"{number:04}.jsonl").write_text(f"{content}\n")


def options_of(source: Path, output: Path, output_format: OutputFormat) -> JobOptions:
    """Returns the job."""
    inputs = (f"{source}/*.parquet", f"{source}/lines", f"{source}/tiny")
    return JobOptions(
        tuple(inputs),
        str(output),
        InputOptions(keep=("id",)),
        MODEL,
        output_format,
        part_rows=PART_ROWS,
    )


def run_job(options: JobOptions, begun: Callable[[], None]) -> None:
    """Runs a job from where it is to its end."""
    begun()
    with open_job(options, SCORER.identity) as job:
        for task in job.tasks():
            run_task(task, SCORER)
        job.finish()


def in_child(options: JobOptions, aim: tuple[str, int, bool] | None, delay_s: float) -> str:
    """Runs the job in a process that may be killed; returns how it ended.

    Args:
        options: The job.
        aim: A call, which one of them, and whether it still happens; None for ``delay_s``.
        delay_s: Seconds from the start of the job to the kill.
    """
    read_end, write_end = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(read_end)
            if aim is not None:
                kill_at(*aim)
            run_job(options, lambda: os.close(write_end))
            code = 0
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        finally:
            os._exit(code)
    os.close(write_end)
    # The end of the pipe: the job begins, or its process is gone.
    os.read(read_end, 1)
    os.close(read_end)
    if aim is None:
        time.sleep(delay_s)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    return "finished" if os.WEXITSTATUS(status) == 0 else "failed"


def kill_at(name: str, number: int, after: bool) -> None:
    """Makes the process kill itself at a call of ``os``."""
    original = getattr(os, name)
    calls = 0

    def call(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(os, name, call)


def content(output: Path) -> dict[str, bytes]:
    """Returns the files of an output by name; not the lock, nor what is aside."""
    paths = (path for path in output.rglob("*") if path.is_file())
    names = {path.relative_to(output).as_posix(): path for path in paths}
    return {
        name: path.read_bytes()
        for name, path in names.items()
        if name != LOCK and not name.startswith(ASIDE)
    }


def wrong_now(output: Path, whole: dict[str, bytes]) -> list[str]:
    """Returns the files that are visible after a kill and are not those of the whole output."""
    found = content(output)
    wrong = [name for name, held in found.items() if whole.get(name) != held]
    if SUCCESS in found and set(found) != set(whole):
        wrong.append(f"{SUCCESS} before {sorted(set(whole) - set(found))}")
    return wrong


def main() -> int:
    """Runs the kills."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", choices=OUTPUT_FORMATS, default="parquet")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    root = Path(tempfile.mkdtemp(prefix="bulk-kills-"))
    try:
        problems, ended, jobs = kill_often(root, chance, arguments.kills, arguments.format)
    finally:
        shutil.rmtree(root)
    for problem in problems:
        print(problem)
    print(
        f"{ended['killed']} kills in {jobs} jobs ({ended['finished']} processes came to the end, "
        f"{ended['failed']} failed): {len(problems)} problems"
    )
    return 1 if problems or ended["failed"] else 0


def kill_often(
    root: Path, chance: random.Random, kills: int, output_format: OutputFormat
) -> tuple[list[str], Counter[str], int]:
    """Kills jobs until there were enough kills, and lets each come to its end."""
    source = root / "source"
    write_input(source, chance)
    start = time.monotonic()
    reference = options_of(source, root / "whole", output_format)
    if in_child(reference, ("replace", -1, False), 0) != "finished":
        return ["the uninterrupted job failed"], Counter(failed=1), 1
    usual_s = time.monotonic() - start
    whole = content(root / "whole")
    steps = sum(not name.startswith("_") for name in whole) * 2
    ended: Counter[str] = Counter()
    problems: list[str] = []
    jobs = 0
    while ended["killed"] < kills and not problems:
        jobs += 1
        options = options_of(source, root / f"output-{jobs}", output_format)
        outcome = ""
        while outcome != "finished" and not problems:
            aim = None
            delay_s = chance.uniform(0, usual_s / 2)
            if ended["killed"] >= kills:
                aim = ("replace", -1, False)
            elif chance.random() < 0.5:
                aim = (chance.choice(AIMED), chance.randrange(1, steps // 4), chance.random() < 0.5)
            outcome = in_child(options, aim, delay_s)
            ended[outcome] += 1
            problems += [f"job {jobs}: {each}" for each in wrong_now(Path(options.output), whole)]
            if outcome == "failed":
                problems.append(f"job {jobs}: a process failed, see above")
        if set(content(Path(options.output))) != set(whole) and not problems:
            problems.append(f"job {jobs}: other files than those of the uninterrupted job")
        shutil.rmtree(options.output)
    return problems, ended, jobs


if __name__ == "__main__":
    sys.exit(main())
