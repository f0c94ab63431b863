"""What the cores share in a pass: phases, their pieces and their work, as the kernels have them.

These are the float32 kernels: ``kernels/block.mojo`` has the order of the phases, ``linear.mojo``,
``attention.mojo``, ``norm.mojo`` and ``single_query.mojo`` the number of their pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig

PANEL = 64
TILE_ROWS = 6
CHUNK_NUMBERS = 96 * 384
NORM_ROWS = 16
NORM_COST = 8
"""Multiplications that a number of a norm costs as much as."""


@dataclass(frozen=True)
class Phase:
    """Independent pieces of work, behind which the cores wait for each other.

    Attributes:
        pieces: Their number.
        work: Multiplications in all of them.
    """

    pieces: int
    work: int


def phases_of_pass(config: EncoderConfig, batch: int, tokens: int) -> list[list[Phase]]:
    """Returns the phases of each block; the cores are woken once for a block.

    Args:
        config: The encoder's configuration.
        batch: Sequences.
        tokens: Tokens of each.
    """
    rows = batch * tokens
    dim, heads = config.hidden_size, config.num_attention_heads
    attention = Phase(batch * heads, 2 * rows * tokens * dim)
    first = [_norm(rows, dim), attention, *_tail(config, rows)]
    middle = [_linear(rows, dim, 3 * dim), attention, *_tail(config, rows)]
    fold = _linear(batch, dim, dim)
    last = [
        *(_linear(batch, dim, dim), fold),
        Phase(batch * ceil(heads / TILE_ROWS), 2 * rows * heads * dim),
        *(fold, *_tail(config, batch)),
    ]
    blocks = config.num_hidden_layers
    return [first, *[middle] * (blocks - 2), last] if blocks > 1 else [last]


def _tail(config: EncoderConfig, rows: int) -> list[Phase]:
    dim, inner = config.hidden_size, config.intermediate_size
    norms = [_norm(rows, dim)] if config.norm_placement == "post" else []
    return [
        *(_linear(rows, dim, dim), _norm(rows, dim)),
        *(_linear(rows, dim, inner), _linear(rows, inner, dim), *norms),
    ]


def _linear(rows: int, depth: int, columns: int) -> Phase:
    most = max(2 * TILE_ROWS, CHUNK_NUMBERS // depth // TILE_ROWS * TILE_ROWS)
    return Phase(ceil(columns / PANEL) * ceil(rows / most), rows * depth * columns)


def _norm(rows: int, dim: int) -> Phase:
    return Phase(ceil(rows / NORM_ROWS), rows * dim * NORM_COST)
