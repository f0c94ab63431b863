"""Rows as a format's reader hands them on, before they are cut into windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

BLOCK_ROWS = 1024
"""Most rows of a block that is made of lines."""

BLOCK_CHARACTERS = 2**22
"""Characters after which a block that is made of lines ends."""


@dataclass(frozen=True)
class Block:
    """Neighbouring rows of one file.

    Attributes:
        table: The columns that are read, in that order; None for no rows. Strings may come as a
            dictionary.
        errors: Why rows cannot be scored, by their place in the table.
        skipped: Rows before these that were passed over because they were not asked for.
    """

    table: pa.Table | None
    errors: Mapping[int, str] = field(default_factory=dict)
    skipped: int = 0
