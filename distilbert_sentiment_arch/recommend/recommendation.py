"""The recommendation: settings are screened without a server, and the best of them served."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint, find_checkpoint
from distilbert_sentiment_arch.dependencies import check_dependencies
from distilbert_sentiment_arch.errors import RecommendError
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.machine.accelerators import Accelerator, find_accelerators
from distilbert_sentiment_arch.machine.processor import read_processor
from distilbert_sentiment_arch.probe.kept import kept_verdict
from distilbert_sentiment_arch.recommend.candidates import (
    Candidate,
    batches_of,
    default_batch_tokens,
    default_candidate,
    fewer_cores,
    precisions_of,
    precisions_on_accelerators,
)
from distilbert_sentiment_arch.recommend.choosing import choose, in_words, score
from distilbert_sentiment_arch.recommend.cores import usable_processors
from distilbert_sentiment_arch.recommend.figures import Point, figures_of
from distilbert_sentiment_arch.recommend.kept import keep, versions
from distilbert_sentiment_arch.recommend.measuring import Job, requests_of
from distilbert_sentiment_arch.recommend.request import RecommendRequest
from distilbert_sentiment_arch.recommend.result import (
    OnProgress,
    Progress,
    Recommendation,
    Row,
    Stage,
)
from distilbert_sentiment_arch.recommend.rounds import Rounds
from distilbert_sentiment_arch.recommend.screening import (
    Accuracy,
    NotMeasured,
    Screened,
    accuracy_of,
    cancelled_error,
    screen,
)
from distilbert_sentiment_arch.recommend.texts import measured_texts

SERVED = 3
"""Most settings that are measured with a server, the defaults among them."""

SCREENING = 1 / 3
"""Share of the seconds of measuring that goes into those without a server."""

_LEAST_S = 0.3
_USUAL_START_S = 10.0


def recommend(
    request: RecommendRequest,
    on_progress: OnProgress = lambda progress: None,
    cancelled: threading.Event | None = None,
) -> Recommendation:
    """Measures the settings that make sense on this machine, and chooses among them.

    One process computes at a time. Nothing outlives the call.

    Args:
        request: What is wanted.
        on_progress: Called before each step, in the calling thread.
        cancelled: Set from another thread to give up.

    Raises:
        CheckpointError: The checkpoint cannot be served.
        DependencyError: Packages are missing in this environment.
        RecommendError: Nothing could be measured, no setting keeps the bounds, or it was cancelled.
    """
    check_dependencies()
    found = find_checkpoint(request.model, FAMILIES, request.revision)
    return _Measurement(request, found, on_progress, cancelled or threading.Event()).run()


@dataclass
class _Screening:
    """Settings without a server: what they gave, and whether they are accurate."""

    found: dict[Candidate, Point] = field(default_factory=dict)
    accuracy: dict[tuple[str, str], Accuracy] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)


class _Measurement:
    def __init__(
        self,
        request: RecommendRequest,
        found: NamedCheckpoint,
        on_progress: OnProgress,
        cancelled: threading.Event,
    ) -> None:
        self._request = request
        self._found = found
        self._on_progress = on_progress
        self._cancelled = cancelled
        self._start = time.monotonic()
        self._cores = usable_processors()
        self._processor = read_processor()
        self._texts = measured_texts(request.texts)
        self._requests = requests_of(self._texts.texts, request.texts_per_request)
        self._screening = _Screening()
        self._done = 0
        self._total = 1

    def run(self) -> Recommendation:
        """Returns the recommendation."""
        plan = self._plan()
        fewer = len(fewer_cores(self._request.goal, default_candidate(self._cores)))
        processes = len(plan) + fewer
        self._total = processes + SERVED * (1 + Rounds.MOST)
        about = (self._request.seconds + _USUAL_START_S * (processes + SERVED)) / 60
        self._say(
            f"{processes} processes without a server, then up to {SERVED} servers: "
            f"{self._request.seconds:g} s of measuring, about {max(1, about):.0f} min in all; what "
            "was never compiled for this machine is compiled first"
        )
        share = self._request.seconds * SCREENING / processes
        reference = self._screen(default_candidate(self._cores), share, None)
        if reference is None:
            raise RecommendError(f"float32 cannot be measured: {self._screening.rows[-1].reason}.")
        for candidate in plan[1:]:
            self._screen(candidate, share, reference)
        ranked = self._ranked()
        for candidate in fewer_cores(self._request.goal, ranked[0]):
            self._screen(candidate, share, reference)
        return self._served(self._ranked())

    def _plan(self) -> list[Candidate]:
        """Returns a candidate for each device and precision, float32 on the CPU first."""
        quantized = self._found.checkpoint.config.quantized
        tried, left_out = precisions_of(self._processor, quantized=quantized)
        default = default_candidate(self._cores)
        wanted = self._request.precisions
        for unwanted in [each for each in tried if each not in wanted and each != "float32"]:
            tried.remove(unwanted)
            left_out[unwanted] = "--precisions leaves it out"
        for precision, why in left_out.items():
            self._reject(replace(default, precision=precision), why)
        plan = [replace(default, precision=precision) for precision in tried]
        self._say("asking MAX which accelerators it finds")
        for accelerator in find_accelerators().found:
            plan += self._on(accelerator)
        return plan

    def _on(self, accelerator: Accelerator) -> list[Candidate]:
        """Returns the candidates on an accelerator where the probe's last rung has passed."""
        found = []
        tokens = default_batch_tokens(accelerator.name)
        for precision in precisions_on_accelerators():
            candidate = Candidate(accelerator.name, precision, self._cores, tokens)
            assert precision in ("float32", "bfloat16")
            verdict = kept_verdict(accelerator, self._found, precision)
            if verdict is None:
                self._reject(
                    candidate,
                    "not probed with this model: run max-sentiment doctor --probe and then this",
                )
            elif not verdict.works:
                self._reject(candidate, f"the probe says {verdict.outcome}: {verdict.reason}")
            elif self._request.goal == "cost" and self._request.prices.accelerator is None:
                self._reject(candidate, "what it costs is not known: give --accelerator-price")
            else:
                found.append(candidate)
        return found

    def _screen(
        self, candidate: Candidate, seconds: float, reference: Screened | None
    ) -> Screened | None:
        """Measures a candidate with each size of batches; None if it cannot be."""
        request = self._request
        batches = batches_of(candidate.device, request)
        self._step(f"without a server: {candidate.process}")
        job = Job(
            str(self._found.checkpoint.directory),
            candidate.device,
            candidate.precision,
            candidate.cores,
            self._texts.texts,
            request.texts_per_request,
            request.screened_callers,
            batches,
            max(_LEAST_S, seconds / len(batches)),
        )
        try:
            screened = screen(job, self._cancelled)
        except NotMeasured as error:
            self._reject(candidate, str(error))
            self._say(f"{candidate.process}, is left out: {error}")
            return None
        if screened.computed != candidate.precision:
            self._reject(candidate, f"it computes in {screened.computed}: {screened.reason}")
            return None
        accuracy = accuracy_of(
            reference or screened, screened, self._found.checkpoint.config.labels.problem_type
        )
        self._screening.accuracy[candidate.device, candidate.precision] = accuracy
        # Of the built-in sentences a few are undecided on purpose, which the self-check allows for.
        least = None if self._texts.built_in else request.least_agreement
        refusal = None if reference is None else accuracy.refusal(least)
        if refusal is not None:
            self._say(f"{candidate.process}, is left out: {refusal}")
        for tokens, measured in screened.batches.items():
            each = replace(candidate, batch_tokens=tokens)
            if not measured.windows:
                self._reject(each, f"{measured.failed} requests failed, and none was answered")
                continue
            figures = figures_of(each, measured.windows, measured.failed, (), request.prices)
            point = Point(each, request.screened_callers, figures)
            if refusal is None:
                self._screening.found[each] = point
            else:
                self._screening.rows.append(self._row(point, "without a server", refusal))
        return screened

    def _ranked(self) -> list[Candidate]:
        """Returns the candidates that are accurate, the best without a server first.

        Raises:
            RecommendError: There is none.
        """
        points = self._screening.found
        if not points:
            raise RecommendError(
                "Nothing could be measured: "
                + "; ".join(f"{each.candidate}: {each.reason}" for each in self._screening.rows)
            )
        return sorted(points, key=lambda each: score(points[each].figures, self._request))

    def _served(self, ranked: Sequence[Candidate]) -> Recommendation:
        """Measures servers with the best candidates and with the defaults, and chooses."""
        default = default_candidate(self._cores)
        others = [each for each in ranked if each != default]
        wanted = [default, *others[: SERVED - 1]]
        rounds = Rounds(
            self._found.checkpoint.directory,
            self._requests,
            self._request,
            lambda candidate: candidate.flags(self._cores),
            self._step,
            self._cancelled,
        )
        points = rounds.run(wanted, self._request.seconds * (1 - SCREENING))
        rows = [
            Row(each, "without a server", f"its server: {why}", self._agreement(each))
            for each, why in rounds.failed.items()
        ]
        if not points:
            raise RecommendError(
                "No server could be measured: "
                + "; ".join(f"{each.candidate}: {each.reason}" for each in rows)
            )
        chosen, reasons = choose(points, self._request, default)
        rows += [
            self._row(point, "served", reasons.get(place, "")) for place, point in enumerate(points)
        ]
        rows += self._not_served(others[SERVED - 1 :], chosen.candidate)
        return self._made(chosen, sorted(rows, key=lambda row: bool(row.reason)))

    def _not_served(self, candidates: Sequence[Candidate], chosen: Candidate) -> list[Row]:
        points = self._screening.found
        found = []
        best = points.get(chosen)
        for each in candidates:
            why = f"without a server {in_words(points[each].figures, self._request)}"
            if best is not None:
                why += f", and {in_words(best.figures, self._request)} with what was chosen"
            found.append(self._row(points[each], "without a server", why))
        return found

    def _made(self, chosen: Point, rows: list[Row]) -> Recommendation:
        made = Recommendation(
            request=self._request,
            model=self._found.name,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            texts=str(self._texts),
            machine=f"{self._processor.name}, {self._cores} logical processors",
            versions=versions(),
            chosen=chosen.candidate,
            flags=chosen.candidate.flags(self._cores),
            callers=chosen.callers,
            figures=chosen.figures,
            rows=[*rows, *self._screening.rows],
            seconds=time.monotonic() - self._start,
            remembered=False,
        )
        if self._cancelled.is_set():
            raise cancelled_error()
        remembered = self._request.remember and keep(made, self._found.checkpoint)
        return replace(made, remembered=remembered)

    def _row(self, point: Point, stage: Stage, reason: str) -> Row:
        agreement = self._agreement(point.candidate)
        return Row(point.candidate, stage, reason, agreement, point.callers, point.figures)

    def _agreement(self, candidate: Candidate) -> float | None:
        accuracy = self._screening.accuracy.get((candidate.device, candidate.precision))
        return None if accuracy is None else accuracy.percent

    def _reject(self, candidate: Candidate, reason: str) -> None:
        self._screening.rows.append(Row(candidate, "not measured", reason))

    def _step(self, message: str) -> None:
        self._say(message)
        self._done = min(self._done + 1, self._total - 1)

    def _say(self, message: str) -> None:
        if self._cancelled.is_set():
            raise cancelled_error()
        self._on_progress(Progress(message, self._done, self._total))
