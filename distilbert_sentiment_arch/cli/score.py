"""Command ``max-sentiment score``: files of rows in, the same rows with labels out."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.bulk.options import JobOptions
from distilbert_sentiment_arch.cli.score_places import place_of
from distilbert_sentiment_arch.errors import (
    DependencyError,
    InputError,
    JobError,
    SentimentError,
)
from distilbert_sentiment_arch.messages import one_line, shown

if TYPE_CHECKING:
    from distilbert_sentiment_arch.bulk.job.interruption import Interruption
    from distilbert_sentiment_arch.bulk.reporting.outcome import Outcome
    from distilbert_sentiment_arch.bulk.reporting.progress import Progress


_LISTED = 30


@dataclass(frozen=True)
class ScoreOptions:
    """What a run of the command is asked to do beside the job.

    Attributes:
        job: The job.
        device: What computes; None for the CPU, or on Ray for GPUs where there are some.
        ray: Address of a Ray cluster; None for this process.
        shard: The share of the job that is done here, as index and count; None for all of it.
        identifier: A column that the output must have.
        progress: ``bar``, ``jsonl`` or ``none``.
        report: The file of the report; None for none.
    """

    job: JobOptions
    device: str | None = None
    ray: str | None = None
    shard: str | None = None
    identifier: str | None = None
    progress: str = "bar"
    report: Path | None = None


def score(options: ScoreOptions) -> int:
    """Scores the rows of a job, or what is left of it.

    Returns:
        The exit status: 0 once every row is in the output, or 128 and the number of the signal that
        interrupted the job.

    Raises:
        SentimentError: The job cannot start or go on. What is finished is kept.
    """
    check_packages(options)
    from distilbert_sentiment_arch.bulk.job.interruption import Interrupted, Interruption
    from distilbert_sentiment_arch.bulk.reporting.progress_forms import progress_of

    with progress_of(options.progress) as progress:
        try:
            with Interruption(progress.say) as interruption, _told():
                outcome = _run(options, progress, interruption)
        except Interrupted as stop:
            progress.finish("interrupted", signal=stop.signal.name)
            progress.say(
                f"interrupted by {stop.signal.name}. Finished parts are kept: run the same "
                "command again to continue."
            )
            return stop.exit_status
        except SentimentError as error:
            progress.finish("failed", message=str(error))
            raise
        progress.finish("end", **outcome.as_json())
    if options.progress == "bar":
        from distilbert_sentiment_arch.bulk.reporting.summary import print_summary

        with contextlib.suppress(BrokenPipeError):
            print_summary(outcome, sys.stdout)
    return 0


def check_packages(options: ScoreOptions) -> None:
    """Checks that what the job needs is installed, before anything is read.

    Raises:
        DependencyError: A package is missing; the message says how to install it.
    """
    if find_spec("pyarrow") is None:
        raise DependencyError(
            "`max-sentiment score` needs pyarrow. Install it: pip install 'max-sentiment[score]'"
        )
    if options.ray is not None:
        from distilbert_sentiment_arch.bulk.cluster.ray_cluster import require_ray

        require_ray()
    if options.report is not None and options.report.suffix.lower() == ".png":
        from distilbert_sentiment_arch.bulk.reporting.report_image import check_pillow

        check_pillow()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turns what libraries raise into an error of one line."""
    import pyarrow as pa

    again = "Finished parts are kept: run the same command again to continue."
    try:
        yield
    except SentimentError:
        raise
    except MemoryError as error:
        raise JobError(f"There is not enough memory ({one_line(str(error))}). {again}") from error
    except (OSError, pa.ArrowException) as error:
        raise JobError(f"{one_line(str(error))}. {again}") from error
    except Exception as error:
        frame = error.__traceback__
        while frame is not None and frame.tb_next is not None:
            frame = frame.tb_next
        place = (
            ""
            if frame is None
            else f" at {Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}"
        )
        raise JobError(
            f"An error that max-sentiment did not expect: {type(error).__name__}{place}: "
            f"{one_line(str(error))}. Please report it. {again}"
        ) from error


def _run(options: ScoreOptions, progress: Progress, interruption: Interruption) -> Outcome:
    from distilbert_sentiment_arch.bulk.job.job import open_job
    from distilbert_sentiment_arch.bulk.job.shard import Shard
    from distilbert_sentiment_arch.bulk.reporting.failed_rows import failed_rows
    from distilbert_sentiment_arch.bulk.reporting.figures import plural
    from distilbert_sentiment_arch.bulk.reporting.outcome import outcome_of, size_of

    model = options.job.model
    shard = None if options.shard is None else Shard.parsed(options.shard)
    seconds: Mapping[str, float] = {}
    with contextlib.ExitStack() as opened:
        with interruption.interruptible():
            check_columns(options)
            place = opened.enter_context(place_of(model, options.device, options.ray, progress))
            identity = place.identity()
            job = opened.enter_context(open_job(options.job, identity, shard))
            if job.tasks() and place.prepare() != identity:
                # What is loaded counts; where parts of another model are there, this refuses.
                job.close()
                identity = place.prepare()
                job = opened.enter_context(open_job(options.job, identity, shard))
        size = size_of(job)
        if size.rows_done:
            progress.say(f"continuing: {plural(size.rows_done, 'row')} are done")
        progress.begin(size)
        if job.tasks():
            seconds = place.run(job, interruption)
        job.finish()
        failed = [] if options.report is None else failed_rows(job, options.identifier)
        outcome = outcome_of(job, identity, progress.snapshot(), seconds, failed)
        if options.report is not None:
            from distilbert_sentiment_arch.bulk.reporting.report import write_report

            write_report(options.report, outcome)
    return outcome


def check_columns(options: ScoreOptions) -> None:
    """Checks the columns of the first file, before anything takes long.

    Raises:
        InputError: There is no file, or a column is not in it.
    """
    from distilbert_sentiment_arch.bulk.reading.files import read_schema
    from distilbert_sentiment_arch.bulk.reading.input_files import find_files

    file = find_files(options.job.inputs, options.job.input)[0]
    names = read_schema(file, options.job.input).names
    if options.identifier is not None and options.identifier not in names:
        raise InputError(
            f"{file.path}: has no column {shown(options.identifier)}, which --id names. Its "
            f"columns: {', '.join(map(shown, names[:_LISTED]))}. Name one of them."
        )
