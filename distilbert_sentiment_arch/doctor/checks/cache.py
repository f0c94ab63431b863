"""The compile cache: where it is, whether it can be used, and whether a start will be warm."""

from __future__ import annotations

from distilbert_sentiment_arch.compile_cache import cache_directory, read
from distilbert_sentiment_arch.compiler_space import NEEDED_BYTES
from distilbert_sentiment_arch.doctor.examined import Examined
from distilbert_sentiment_arch.doctor.finding import Finding
from distilbert_sentiment_arch.errors import CacheError
from distilbert_sentiment_arch.last_start import FILE
from distilbert_sentiment_arch.machine.disks import read_room

AREA = "cache"

_EACH = "each start compiles, 26 s on two cores for the embedded model"


def check_cache(examined: Examined) -> list[Finding]:
    """Returns the findings of this area."""
    compiled = bool(examined.answers.max.warmth.get("compiled"))
    directory = _directory(compiled=compiled)
    return [directory, _graph(examined, keeps=directory.level == "ok")]


def _directory(*, compiled: bool) -> Finding:
    name = "cache.directory"
    try:
        path = cache_directory()
        read(FILE)  # looks at who else may write there
    except CacheError as error:
        if "is damaged" not in str(error):
            return Finding(AREA, name, str(error), _EACH, "As the message says.", "warning")
        path = cache_directory()
    except OSError as error:
        return Finding(
            AREA,
            name,
            str(error),
            _EACH,
            "Make the directory readable, or set MODULAR_CACHE_DIR to another.",
            "warning",
        )
    room = read_room(path)
    problem = room.error
    if not problem and room.free < NEEDED_BYTES:
        problem = f"{room.free >> 20} MB free, and {NEEDED_BYTES >> 20} MB needed"
    if not problem:
        return Finding(AREA, name, str(path), f"{room.free / 1e9:.1f} GB free")
    if compiled:
        return Finding(
            AREA, name, f"{path} ({problem})", "nothing is written, and nothing needs to be"
        )
    return Finding(
        AREA,
        name,
        f"{path} ({problem})",
        f"what is compiled is not kept: {_EACH}",
        "Give MODULAR_CACHE_DIR a directory that can be written to and has room, or fill this one "
        "where it can.",
        "warning",
    )


def _graph(examined: Examined, *, keeps: bool) -> Finding:
    name, warmth = "cache.graph", examined.answers.max.warmth
    if not warmth:
        return Finding(AREA, name, "not known", "see software.max and model.checkpoint")
    found = f"{warmth['precision']}: {warmth['graph'] or 'no graph of ours'}"
    if not warmth["graph"]:
        return Finding(AREA, name, found, f"{warmth['reason']}: MAX keeps its own")
    if warmth["problem"]:
        return Finding(
            AREA,
            name,
            warmth["problem"],
            "the next start compiles",
            "As the message says.",
            "warning",
        )
    if warmth["compiled_for"]:
        meaning = (
            f"compiled for {warmth['compiled_for']}, which runs here: a warm start is expected; "
            "`max-sentiment warm` compiles for this processor"
        )
        return Finding(AREA, name, found, meaning)
    if warmth["compiled"] and not warmth["unchecked"]:
        return Finding(AREA, name, found, "compiled: a warm start is expected")
    if warmth["compiled"]:
        return Finding(AREA, name, found, "compiled; the next start checks the accuracy")
    meaning = "not compiled for this processor and version: the next start compiles"
    if keeps:
        return Finding(AREA, name, found, f"{meaning}, later ones are warm")
    return Finding(
        AREA, name, found, f"{meaning}, and so does each", "See cache.directory.", "warning"
    )
