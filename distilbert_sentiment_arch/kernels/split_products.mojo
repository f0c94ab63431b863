"""Products of rows and panels in three bfloat16 products each, by AMX; see `split.mojo`."""

from std.math import ceildiv
from std.sys import num_physical_cores
from std.sys.intrinsics import PrefetchOptions, prefetch

from . import amx as matrix_unit
from .bands import PIECES_PER_CORE
from .panel_part import LINE
from .split import BLOCK_ROWS, PLANE, STEP, split_rows
from .tile import PANEL, Floats, floats
from .work import spread

comptime SUMS = BLOCK_ROWS * PANEL
"""Sums of a block's rows and a panel's columns."""
comptime CHUNK = 4 * STEP
"""Depth of a panel that all rows of a band are multiplied by before the next: 32 KB of it stay in a
core's first cache."""
comptime PANEL_STEP = 2 * STEP * PANEL * 2
"""Bytes of a panel that `STEP` columns of x are multiplied by: high parts, and low parts behind them."""
comptime MOST_ROWS = 256
"""Most rows of a band: as many are multiplied by a panel while it is in a core's second cache."""
comptime SPLIT_NUMBERS = MOST_ROWS * 768
"""Most numbers of x that are split at once, 768 KB: they stay in a core's second cache."""
comptime SUM_PANELS = 6
"""Most panels whose sums wait for the next part of x, 384 KB of them."""
comptime HEADER = 8
"""Floats before the split numbers, which say whose they are: the panels' address, the band and the part."""
comptime SCRATCH_SIZE = 2 * LINE // 4 + SPLIT_NUMBERS + SUM_PANELS * MOST_ROWS * PANEL
"""Floats that a core needs room for: the header, split numbers and sums."""
comptime Words = Pointer[Int, MutUntrackedOrigin]
comptime Byte = Pointer[UInt8, MutUntrackedOrigin]
comptime prefetch_weights = prefetch[PrefetchOptions().for_read().medium_locality()]


def new_scratch(size: Int) -> List[Float32]:
    """Returns room for floats in which no split numbers are yet; where there is any, asks for AMX.

    `engine/precision.py` has asked before, and chooses another precision where Linux refuses.
    """
    if size > 0:
        _ = matrix_unit.permitted()
    var scratch = List[Float32](unsafe_uninit_length=max(HEADER, size))
    for i in range(HEADER):
        scratch[i] = 0
    return scratch^


struct SplitProducts(ImplicitlyCopyable):
    """What is multiplied, in pieces of work: each some panels and a band of rows.

    A piece goes part by part through the depth. A part of x is split once for all its panels. The sums
    of a row are added up in one order, whatever the rows beside it, the pieces and the parts.

    Attributes:
        x: `(rows, depth)`.
        panels: Address of `(panel_count, depth / 32, 4, 2, 16, 16, 2)` bfloat16 numbers: for each 32
            of the depth and each 16 columns the high parts, then the low ones, in pairs for each column.
        rows: Rows.
        depth: Columns of x, a multiple of 32.
        panel_count: Number of panels.
        band_size: Rows of a band, a multiple of a block's.
        bands: Number of bands.
        groups: Number of groups of panels.
        part_depth: Columns of a part, a multiple of 32.
        parts: Number of parts.
    """

    var x: Floats
    var panels: Int
    var rows: Int
    var depth: Int
    var panel_count: Int
    var band_size: Int
    var bands: Int
    var groups: Int
    var part_depth: Int
    var parts: Int

    def __init__(out self, x: Floats, panels: Int, rows: Int, depth: Int, panel_count: Int):
        self.x = x
        self.panels = panels
        self.rows = rows
        self.depth = depth
        self.panel_count = panel_count
        self.bands = max(1, ceildiv(rows, MOST_ROWS))
        self.band_size = ceildiv(ceildiv(max(1, rows), self.bands), BLOCK_ROWS) * BLOCK_ROWS
        self.bands = ceildiv(rows, self.band_size)
        var most_steps = SPLIT_NUMBERS // self.band_size // STEP
        var steps = depth // STEP
        self.parts = ceildiv(steps, most_steps)
        self.part_depth = ceildiv(steps, self.parts) * STEP
        self.parts = ceildiv(depth, self.part_depth)
        var wanted = ceildiv(PIECES_PER_CORE * num_physical_cores(), max(1, self.bands))
        if self.parts > 1:
            wanted = max(wanted, ceildiv(panel_count, SUM_PANELS))
        self.groups = min(wanted, panel_count)

    def items(self) -> Int:
        """Returns the pieces of work: pairs of a group and a band, the first band's first."""
        return self.groups * self.bands

    def band(self, item: Int) -> Int:
        """Returns the band of a piece."""
        return item // self.groups

    def group(self, item: Int) -> Int:
        """Returns the group of a piece."""
        return spread(item % self.groups, self.groups)

    def first_panel(self, group: Int) -> Int:
        """Returns a group's first panel: the one after the group before it, too."""
        return group * self.panel_count // self.groups

    def first_row(self, band: Int) -> Int:
        """Returns a band's first row."""
        return min(self.rows, band * self.band_size)

    def split_numbers(self, scratch: Floats) -> Int:
        """Returns the address of the split numbers."""
        return ceildiv(Int(scratch) + HEADER * 4, LINE) * LINE

    def sums(self, scratch: Floats, panel: Int, block: Int) -> Int:
        """Returns the address of the sums of some rows: tiles of 16 columns, one behind the other.

        Args:
            scratch: The core's room.
            panel: Which panel of the group.
            block: Which 16 rows of the band.
        """
        var blocks = self.band_size // BLOCK_ROWS
        var place = block + (panel * blocks if self.parts > 1 else 0)
        return self.split_numbers(scratch) + self.band_size * self.part_depth * 4 + place * SUMS * 4

    def prepare(self, band: Int, part: Int, scratch: Floats):
        """Splits a part of a band's columns, unless it is what this core split last."""
        var header = Words(unsafe_from_address=Int(scratch))
        var index = band * self.parts + part
        if header[unsafe_offset=0] == self.panels and header[unsafe_offset=1] == index:
            return
        header[unsafe_offset=0] = self.panels
        header[unsafe_offset=1] = index
        var column = part * self.part_depth
        var columns = min(self.part_depth, self.depth - column)
        var target = self.split_numbers(scratch)
        var end = self.first_row(band + 1)
        for row in range(self.first_row(band), end, BLOCK_ROWS):
            split_rows(
                self.x.unsafe_offset(row * self.depth + column),
                self.depth,
                min(BLOCK_ROWS, end - row),
                columns,
                target,
            )
            target += BLOCK_ROWS * self.part_depth * 4

    def chunks(self, part: Int) -> Int:
        """Returns the chunks of a part, see `CHUNK`."""
        return ceildiv(min(self.part_depth, self.depth - part * self.part_depth), CHUNK)

    def multiply(
        self, part: Int, chunk: Int, panel: Int, block: Int, sums: Int, fetched: Int, scratch: Floats
    ):
        """Adds the products of 16 rows and some depth of a panel to their sums.

        Args:
            part: Which part.
            chunk: Which chunk of it.
            panel: Which panel.
            block: Which 16 rows of the band.
            sums: Address of their sums.
            fetched: How many lines of the next chunk are fetched meanwhile with each step.
            scratch: The core's room, with the part's split numbers.
        """
        var column = chunk * CHUNK
        var end = min(self.part_depth, self.depth - part * self.part_depth, column + CHUNK)
        var numbers = (
            self.split_numbers(scratch) + (block * self.part_depth + column) * BLOCK_ROWS * 4
        )
        var weights = (
            self.panels + (panel * self.depth + part * self.part_depth + column) * PANEL * 4
        )
        var next = weights + (end - column) * PANEL * 4 + block * fetched * LINE * CHUNK // STEP
        if part + chunk == 0:
            matrix_unit.clear()
        else:
            matrix_unit.load_sums(sums)
        for _ in range((end - column) // STEP):
            matrix_unit.add_split(numbers, weights)
            numbers += 2 * PLANE
            weights += PANEL_STEP
            for _ in range(fetched):
                prefetch_weights(Byte(unsafe_from_address=next))
                next += LINE
        matrix_unit.store_sums(sums)
