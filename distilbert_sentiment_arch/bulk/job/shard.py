"""Shares of a job for processes that know of each other by number only, such as pods of a Job."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from distilbert_sentiment_arch.bulk.job.lock import LOCK, Lock
from distilbert_sentiment_arch.bulk.job.manifest import Unit
from distilbert_sentiment_arch.bulk.job.output_directory import OutputDirectory
from distilbert_sentiment_arch.bulk.job.parts import parts_of
from distilbert_sentiment_arch.errors import InputError

_LOCK_NAME = re.compile(rf"{LOCK}(-\d+-of-\d+)?")


@dataclass(frozen=True)
class Shard:
    """One of several shares of a job, the same whenever and wherever it is run.

    Attributes:
        index: Which one, from 0.
        count: How many there are.
    """

    index: int
    count: int

    @classmethod
    def parsed(cls, text: str) -> Shard:
        """Reads ``INDEX/COUNT``.

        Raises:
            InputError: It is not that, or there is no such share.
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        if match is None or not int(match[1]) < int(match[2]):
            raise InputError(
                f"--shard is {text!r}, not INDEX/COUNT. Of four shares, the first one is 0/4 and "
                "the last one 3/4."
            )
        return cls(int(match[1]), int(match[2]))

    @property
    def lock_name(self) -> str:
        """Name of the lock of this share."""
        return f"{LOCK}-{self.index}-of-{self.count}"

    def parts_of_others(self, unit: Unit, part_rows: int) -> Collection[int] | None:
        """Returns which parts of a unit are for other shards; None where all of them are.

        It depends on the manifest only, not on what is done. A unit whose rows are not known before
        it is read is for one shard; others are cut into a run of parts for each. Which shard has
        the first run goes round with the units.

        Args:
            unit: Of the manifest.
            part_rows: Rows of a part.
        """
        if unit.rows is None:
            return () if unit.number % self.count == self.index else None
        parts = parts_of(unit.rows, part_rows)
        run = (self.index - unit.number) % self.count
        # The first run is the longest, so that of units of one part each shard has some.
        first, end = (-(-parts * each // self.count) for each in (run, run + 1))
        if first == end:
            return None
        return [part for part in range(parts) if not first <= part < end]


def lock_of(output: OutputDirectory, shard: Shard | None) -> Lock:
    """Takes the lock of a job or of a shard of it.

    Shards of one number write to an output together; other runs keep each other out.

    Raises:
        OutputInUse: Another run of the job, or of this shard, writes there.
        OutputError: The output cannot be written.
    """
    own = LOCK if shard is None else shard.lock_name
    lock = Lock(output, own)
    try:
        for file in output.files():
            match = _LOCK_NAME.fullmatch(file.name)
            if match is None or file.name == own:
                continue
            if shard is None or not file.name.endswith(f"-of-{shard.count}"):
                Lock(output, file.name).release()
    except BaseException:
        lock.release()
        raise
    return lock
