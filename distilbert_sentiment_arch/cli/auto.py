"""What ``max-sentiment recommend`` remembers, as settings of ``serve --auto``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.cli.recommend_flags import LATEST
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.recommend.candidates import CPU, default_batch_tokens
from distilbert_sentiment_arch.recommend.kept import Kept, kept_recommendation
from distilbert_sentiment_arch.recommend.report import command_line
from distilbert_sentiment_arch.recommend.request import Goal, RecommendRequest
from distilbert_sentiment_arch.settings.limits import environment_variable
from distilbert_sentiment_arch.settings.precision import PRECISION

BATCH_TOKENS = environment_variable("max_batch_tokens")


@dataclass(frozen=True)
class Automatic:
    """What to serve with.

    Attributes:
        settings: Environment variables.
        flags: Flags of ``max serve``.
        cores: Logical processors; None for all.
    """

    settings: Mapping[str, str]
    flags: Sequence[str]
    cores: int | None


def with_remembered(
    given: Automatic,
    wanted: str,
    model: str | None,
    revision: str | None,
    environment: Mapping[str, str],
) -> Automatic:
    """Adds what is remembered to what is given, which wins; says in a line on stderr what it took.

    Args:
        given: What flags say.
        wanted: The goal, or ``LATEST``.
        model: The model, as it was given.
        revision: Its revision, as it was given.
        environment: Variables of this process.

    Raises:
        CheckpointError: There is no such checkpoint, or it cannot be served.
    """
    goal = None if wanted == LATEST else cast(Goal, wanted)
    kept = kept_recommendation(find_checkpoint(model, FAMILIES, revision).checkpoint, goal)
    if kept is None:
        _say(_how_to_make_one(goal or "latency", model, revision))
        return given
    settings: dict[str, str] = {PRECISION: kept.precision}
    if kept.batch_tokens != default_batch_tokens(kept.device):
        settings[BATCH_TOKENS] = str(kept.batch_tokens)
    taken = {
        name: value
        for name, value in settings.items()
        if name not in given.settings and name not in environment
    }
    flags = list(given.flags)
    devices = [] if _names(flags, "--devices") or kept.device == CPU else ["--devices", "auto"]
    cores = kept.cores if given.cores is None else None
    names = {PRECISION: "--precision", BATCH_TOKENS: "--max-batch-tokens"}
    parts = [f"{names[name]} {value}" for name, value in taken.items()]
    won = [names[name] for name in settings if name not in taken]
    parts += [" ".join(devices)] * bool(devices) + [f"--cores {cores}"] * bool(cores)
    wins = f" ({', '.join(won)} as given)" * bool(won)
    _say(f"--auto takes {', '.join(parts) or 'nothing'}{wins}; {_origin(kept)}")
    return Automatic({**given.settings, **taken}, [*flags, *devices], given.cores or cores)


def _origin(kept: Kept) -> str:
    callers = "1 caller" if kept.callers == 1 else f"{kept.callers} callers"
    return (
        f"measured {kept.made_at} for {kept.goal}: {kept.texts_per_second:.3g} texts/s, p50 "
        f"{kept.p50_ms:.3g} ms, p99 {kept.p99_ms:.3g} ms with {callers}"
    )


def _how_to_make_one(goal: Goal, model: str | None, revision: str | None) -> str:
    request = RecommendRequest(goal, model, revision)
    command = command_line(request, ("--goal", goal), "recommend")
    return (
        "--auto finds no recommendation for this model on this machine with these versions, and "
        f"serves the defaults. Make one: {command}"
    )


def _names(flags: Sequence[str], name: str) -> bool:
    return any(flag == name or flag.startswith(f"{name}=") for flag in flags)


def _say(line: str) -> None:
    print(f"max-sentiment: {line}", file=sys.stderr, flush=True)
