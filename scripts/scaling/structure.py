"""What the cores share in a pass: phases, their pieces and their work, as the kernels have them.

In float32 each block is an operation, for which the cores are woken (``kernels/block.mojo`` has the
order of its phases). Over codes, int8 or bfloat16, a pass is one operation
(``kernels/encoder_pass.mojo``, ``code_blocks.mojo``).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig

PANEL = 64
TILE_ROWS = 6
CHUNK_NUMBERS = 96 * 384
BAND_NUMBERS = 128 * 1024
PIECES_PER_CORE = 4
FEWEST_ROWS = 4 * TILE_ROWS
NORM_ROWS = 16
LEAST_ROWS_OF_CORE = 16
LEAST_ROWS_OF_CORE_BFLOAT16 = 24
MOST_ROWS_OF_CORE = 128
MOST_ROWS_BY_PANELS = 256
UNIT = 16
ROWS_OF_ITEM = 4

NORM_COST = 8
"""Multiplications that a number of a norm costs as much as."""

FLOAT_COST = {"float32": 1, "bfloat16": 2, "int8": 4}
"""Multiplications of a linear layer that one in float32 costs as much as, roughly."""


@dataclass(frozen=True)
class Phase:
    """Independent pieces of work, behind which the cores wait for each other.

    Attributes:
        pieces: Their number.
        work: Multiplications in all of them, as a linear layer's.
    """

    pieces: int
    work: int


@dataclass(frozen=True)
class PassShape:
    """A pass: its encoder, its precision, and sequences of equal length.

    Attributes:
        config: The encoder's configuration.
        precision: ``float32``, ``bfloat16`` or ``int8``.
        batch: Sequences.
        tokens: Tokens of each.
    """

    config: EncoderConfig
    precision: str
    batch: int
    tokens: int

    def operations(self, cores: int) -> list[list[Phase]]:
        """Returns the phases of each operation that the cores are woken for."""
        blocks = [self._block(index, cores) for index in range(self.config.num_hidden_layers)]
        if self.precision == "float32":
            return blocks
        return [[phase for block in blocks for phase in block]]

    def _block(self, index: int, cores: int) -> list[Phase]:
        dim, heads = self.config.hidden_size, self.config.num_attention_heads
        rows = self.batch * self.tokens
        if index < self.config.num_hidden_layers - 1:
            work = self._floats(2 * rows * self.tokens * dim)
            attention = [Phase(self.batch * heads, work)]
        else:
            rows = self.batch
            fold = Phase(self._chunks(rows, dim), self._floats(rows * dim * dim))
            sums = self._floats(2 * self.batch * self.tokens * heads * dim)
            pieces = self.batch * ceil(heads / TILE_ROWS)
            attention = [self._linear(rows, dim, dim, cores), fold, Phase(pieces, sums), fold]
        first = [self._norm(rows)] if index == 0 else []
        if self.precision != "float32":
            return [*first, *attention, *self._rows_behind(index, rows, cores)]
        if 0 < index < self.config.num_hidden_layers - 1:
            first = [self._linear(rows, dim, 3 * dim, cores)]
        return [*first, *attention, *self._layers_behind(rows, cores)]

    def _rows_behind(self, index: int, rows: int, cores: int) -> list[Phase]:
        """Returns what follows attention over codes: rows through all layers, or phase by phase."""
        dim = self.config.hidden_size
        layers = self._layers_behind(rows, cores)
        if index < self.config.num_hidden_layers - 2:
            layers.append(self._linear(rows, dim, 3 * dim, cores))
        least = LEAST_ROWS_OF_CORE if self.precision == "int8" else LEAST_ROWS_OF_CORE_BFLOAT16
        if rows < least * cores and rows <= MOST_ROWS_BY_PANELS:
            codes = self._norm(rows)
            return [codes, *layers[:3], codes, *layers[3:]]
        pieces = ceil(ceil(rows / MOST_ROWS_OF_CORE) / cores) * cores
        size = ceil(ceil(rows / pieces) / UNIT) * UNIT
        return [Phase(ceil(rows / size), sum(each.work for each in layers))]

    def _layers_behind(self, rows: int, cores: int) -> list[Phase]:
        dim, inner = self.config.hidden_size, self.config.intermediate_size
        norm = self._norm(rows)
        return [
            *(self._linear(rows, dim, dim, cores), norm),
            self._linear(rows, dim, inner, cores),
            *(self._linear(rows, inner, dim, cores), norm),
        ]

    def _linear(self, rows: int, depth: int, columns: int, cores: int) -> Phase:
        panels = ceil(columns / PANEL)
        bands = 1
        if self.precision == "float32":
            most = max(2 * TILE_ROWS, BAND_NUMBERS // depth)
            wanted = min(ceil(PIECES_PER_CORE * cores / panels), ceil(rows / FEWEST_ROWS))
            size = ceil(ceil(rows / max(ceil(rows / most), wanted)) / TILE_ROWS) * TILE_ROWS
            bands = ceil(rows / size)
        return Phase(panels * bands, rows * depth * columns)

    def _chunks(self, rows: int, dim: int) -> int:
        """Returns the pieces of what a single query reads in place of keys and values."""
        most = max(2 * TILE_ROWS, CHUNK_NUMBERS // dim // TILE_ROWS * TILE_ROWS)
        chunks = ceil(rows / most) if self.precision == "float32" else 1
        return ceil(dim / PANEL) * chunks

    def _norm(self, rows: int) -> Phase:
        of_item = NORM_ROWS if self.precision == "float32" else ROWS_OF_ITEM
        return Phase(ceil(rows / of_item), self._floats(rows * self.config.hidden_size * NORM_COST))

    def _floats(self, multiplications: int) -> int:
        return multiplications * FLOAT_COST[self.precision]
