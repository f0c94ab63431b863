"""Settings that make sense on a machine, before any is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from distilbert_sentiment_arch.machine.processor import UNITS, Processor
from distilbert_sentiment_arch.recommend.cores import counts_up_to
from distilbert_sentiment_arch.recommend.request import Goal, RecommendRequest
from distilbert_sentiment_arch.settings.limits import ACCELERATOR_BATCH_TOKENS, CPU_BATCH_TOKENS
from distilbert_sentiment_arch.settings.precision import DEFAULT_PRECISION, PRECISIONS, Precision

CPU = "cpu"

_CPU_BATCHES = (CPU_BATCH_TOKENS, 128, 2048)
_ACCELERATOR_BATCHES = (ACCELERATOR_BATCH_TOKENS, 4096)

_ON_ACCELERATORS: tuple[Precision, ...] = ("float32", "bfloat16")


@dataclass(frozen=True)
class Candidate:
    """Settings of a server.

    Attributes:
        device: ``cpu``, or ``gpu:0``.
        precision: What its linear layers are computed in.
        cores: Logical processors of all of its processes.
        batch_tokens: Most tokens in a batch.
    """

    device: str
    precision: Precision
    cores: int
    batch_tokens: int

    @property
    def accelerator(self) -> bool:
        """Whether it computes on another device than the CPU."""
        return self.device != CPU

    def flags(self, usable_cores: int) -> tuple[str, ...]:
        """Returns the flags of ``max-sentiment serve``; what is the default has none.

        Args:
            usable_cores: Logical processors that the server would use without a flag.
        """
        found: list[str] = []
        if self.accelerator:
            found += ["--devices", self.device]
        # On an accelerator MAX would choose where nothing is said.
        if self.accelerator or self.precision != DEFAULT_PRECISION:
            found += ["--precision", self.precision]
        if self.batch_tokens != default_batch_tokens(self.device):
            found += ["--max-batch-tokens", str(self.batch_tokens)]
        if self.cores != usable_cores:
            found += ["--cores", str(self.cores)]
        return tuple(found)

    @property
    def process(self) -> str:
        """What a process that loads it depends on, in words."""
        cores = "core" if self.cores == 1 else "cores"
        return f"{self.device} {self.precision}, {self.cores} {cores}"

    def __str__(self) -> str:
        return f"{self.process}, batches of {self.batch_tokens} tokens"


def default_batch_tokens(device: str) -> int:
    """Returns the most tokens in a batch where no flag says so."""
    return CPU_BATCH_TOKENS if device == CPU else ACCELERATOR_BATCH_TOKENS


def default_candidate(cores: int) -> Candidate:
    """Returns what a server does without a flag.

    Args:
        cores: Logical processors that it may use.
    """
    return Candidate(CPU, "float32", cores, CPU_BATCH_TOKENS)


def precisions_of(
    processor: Processor, *, quantized: bool
) -> tuple[list[Precision], dict[Precision, str]]:
    """Returns the precisions that may be fast on a processor, float32 first, and why not others.

    Args:
        processor: The processor.
        quantized: The checkpoint was quantised ahead: int8 is its own precision, whatever the units
            of the processor.
    """
    tried: list[Precision] = []
    left_out: dict[Precision, str] = {}
    for precision in PRECISIONS:
        own = precision == "int8" and quantized and processor.computes(precision)
        if precision == "float32" or own or processor.unit_for(precision):
            tried.append(precision)
        else:
            left_out[precision] = (
                f"{processor.name} has none of {', '.join(UNITS[precision])}, which make it faster "
                "than float32"
            )
    return tried, left_out


def precisions_on_accelerators() -> Sequence[Precision]:
    """Returns the precisions that are tried on an accelerator."""
    return _ON_ACCELERATORS


def batches_of(device: str, request: RecommendRequest) -> Sequence[int]:
    """Returns the sizes of batches to try, in tokens, the default first.

    A lone caller with a text a request makes no batches: there is nothing to choose.
    """
    if request.screened_callers * request.texts_per_request == 1:
        return (default_batch_tokens(device),)
    return _CPU_BATCHES if device == CPU else _ACCELERATOR_BATCHES


def fewer_cores(goal: Goal, candidate: Candidate) -> list[Candidate]:
    """Returns a candidate on fewer cores, where the goal may gain by it.

    Of a server on fewer cores the others are left for more servers: that is what ``cost`` counts. A
    short text may be answered sooner by half of the cores, which wait for each other less.
    ``throughput`` is that of all cores.
    """
    fewer = counts_up_to(candidate.cores)[1:]
    if goal == "throughput" or not fewer:
        return []
    if goal == "latency":
        fewer = fewer[:1]
    return [replace(candidate, cores=each) for each in fewer]
