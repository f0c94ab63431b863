"""Linear layers over packed weights; activation and residual are applied while a tile is in registers.
"""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext
from std.math import ceildiv

from . import amx as matrix_unit
from .activation import activated
from .bands import Bands
from .gated import GATE, GROUPS, gated_biases, gated_columns
from .panel_part import DEPTH, LINE, PanelPart
from .split import BLOCK_ROWS
from .split_products import PANEL_STEP, SCRATCH_SIZE, SplitProducts, new_scratch
from .tile import (
    COLUMNS,
    LANES,
    PANEL,
    ROWS,
    VEC,
    VECS,
    Floats,
    Tile,
    Vector,
    floats,
    load_columns,
    store_columns,
)
from .work import Phase, on_cores, spread

comptime SPLIT = DType.uint32
"""The dtype of panels whose numbers are split into two of bfloat16, see `split_products.mojo`."""
comptime FETCHING_BLOCKS = 6
"""Fewest blocks of rows beside which the next depth of split panels is fetched."""
comptime LINE_NUMBERS = LINE // 4
"""Numbers in a cache line."""


struct Linear[dtype: DType](ImplicitlyCopyable):
    """`activation(x @ weights + bias)`, plus a residual where there is one.

    Gated, every second `GATE` columns are gates: the activation of the columns before them is
    multiplied by them, and the result has half the columns.

    Attributes:
        x: `(rows, depth)`.
        panels: `(ceil(columns / 64), depth, 64)`.
        bias: As long as all panels are wide.
        result: `(rows, columns)`; gated, `(rows, columns / 2)`.
        rows: Rows.
        depth: Columns of x.
        columns: Columns of the weights.
        panel_count: Number of panels.
        bands: The rows, in pieces of work.
    """

    var x: Floats
    var panels: Pointer[Scalar[Self.dtype], MutUntrackedOrigin]
    var bias: Floats
    var result: Floats
    var rows: Int
    var depth: Int
    var columns: Int
    var panel_count: Int
    var bands: Bands

    def __init__(
        out self,
        x: Floats,
        panels: InputTensor[dtype=Self.dtype, rank=3, static_spec=_],
        bias: Floats,
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
    ):
        self = Self(
            x,
            Int(panels.unsafe_ptr()),
            bias,
            floats(result),
            result.dim_size(0),
            panels.dim_size(1),
            result.dim_size(1),
        )

    def __init__(
        out self,
        x: Floats,
        panels: Int,
        bias: Floats,
        result: Floats,
        rows: Int,
        depth: Int,
        columns: Int,
    ):
        """Arg `panels` is an address."""
        self.x = x
        self.panels = Pointer[Scalar[Self.dtype], MutUntrackedOrigin](unsafe_from_address=panels)
        self.bias = bias
        self.result = result
        self.rows = rows
        self.depth = depth
        self.columns = columns
        self.panel_count = ceildiv(columns, PANEL)
        self.bands = Bands(rows, depth, self.panel_count)

    def items(self) -> Int:
        """Returns the pieces of work: pairs of a panel and a band of rows, the first band's first."""
        comptime if Self.dtype == SPLIT:
            return self.split().items()
        return self.panel_count * self.bands.count

    def split(self) -> SplitProducts:
        """Returns the products of split weights."""
        return SplitProducts(
            self.x, Int(self.panels), self.rows, self.depth, self.panel_count
        )

    def scratch_size(self) -> Int:
        """Returns the floats that `compute` needs room for, the same on each call on a core."""
        comptime if Self.dtype == SPLIT:
            return SCRATCH_SIZE
        return 0

    def cost(self) -> Int:
        """Returns the multiplications."""
        return self.rows * self.depth * self.columns

    def compute[
        activation: StaticString, has_residual: Bool = False, gated: Bool = False
    ](self, item: Int, residual: Floats, scratch: Floats):
        """Computes one panel of columns of one band of rows, or some panels of split weights.

        Args:
            item: Which of them, below `items()`.
            residual: `(rows, columns)`; read only where `has_residual`.
            scratch: See `scratch_size`.
        """
        comptime if Self.dtype == SPLIT:
            self.compute_split[activation, has_residual, gated](item, residual, scratch)
            return
        var panel = spread(item % self.panel_count, self.panel_count)
        var first = self.bands.start(item // self.panel_count)
        var end = self.bands.end(item // self.panel_count)
        var numbers = self.panels.unsafe_offset(panel * self.depth * PANEL)
        var width = min(PANEL, ceildiv(self.columns - panel * PANEL, COLUMNS) * COLUMNS)
        var tiles = ceildiv(end - first, ROWS) * (width // COLUMNS)
        var parts = ceildiv(self.depth, DEPTH)
        # Sums of the parts so far, tile by tile.
        var room = List[Float32](
            unsafe_uninit_length=(end - first) * width + LINE_NUMBERS if parts > 1 else 0
        )
        var sums = floats(ceildiv(Int(room.unsafe_ptr()), LINE) * LINE)
        for index in range(parts):
            var part = PanelPart(numbers, self.depth, index, tiles)
            for start in range(0, width, COLUMNS):
                var sums_of_tile = sums.unsafe_offset((end - first) * start)
                var row = first
                while row + ROWS <= end:
                    self.tile[ROWS, activation, has_residual, gated](
                        part, panel, start, row, sums_of_tile, residual
                    )
                    sums_of_tile = sums_of_tile.unsafe_offset(ROWS * COLUMNS)
                    row += ROWS
                comptime for rows in range(1, ROWS):
                    if end - row == rows:
                        self.tile[rows, activation, has_residual, gated](
                            part, panel, start, row, sums_of_tile, residual
                        )
        _ = room^  # no earlier: `sums` is but its address

    @always_inline
    def tile[
        rows: Int, activation: StaticString, has_residual: Bool, gated: Bool
    ](
        self,
        mut part: PanelPart[Self.dtype],
        panel: Int,
        start: Int,
        row: Int,
        sums_of_tile: Floats,
        residual: Floats,
    ):
        """Computes some rows from `row` on, and a tile's columns from `start` of a panel on.

        The last part of the panel gives the result, those before it sums.
        """
        var sums = Tile[rows, VECS](fill=Vector(0))
        if part.place > 0:
            comptime for i in range(rows * VECS):
                sums[i] = sums_of_tile.unsafe_offset(i * VEC).unsafe_load[width=VEC]()
        part.add_products[rows](
            self.x.unsafe_offset(row * self.depth), self.depth, start, sums
        )
        if part.place + part.depth < self.depth:
            comptime for i in range(rows * VECS):
                sums_of_tile.unsafe_offset(i * VEC).unsafe_store(sums[i])
            return
        self.finish[rows, activation, has_residual, gated](
            sums, row, panel * PANEL + start, residual
        )

    def compute_split[
        activation: StaticString, has_residual: Bool, gated: Bool
    ](self, item: Int, residual: Floats, scratch: Floats):
        """Computes some panels of split weights, for one band of rows."""
        var products = self.split()
        var band = products.band(item)
        var first = products.first_panel(products.group(item))
        var last = products.first_panel(products.group(item) + 1)
        var start = products.first_row(band)
        var end = products.first_row(band + 1)
        # With few rows, reading panels is all that takes time: hints cost more than they give.
        var blocks = ceildiv(end - start, BLOCK_ROWS)
        var fetched = ceildiv(PANEL_STEP // LINE, blocks) if blocks >= FETCHING_BLOCKS else 0
        matrix_unit.begin()
        for part in range(products.parts):
            products.prepare(band, part, scratch)
            var chunks = products.chunks(part)
            for panel in range(first, last):
                for chunk in range(chunks):
                    for block in range(blocks):
                        var sums = products.sums(scratch, panel - first, block)
                        products.multiply(part, chunk, panel, block, sums, fetched, scratch)
                        if part + 1 == products.parts and chunk + 1 == chunks:
                            var row = start + block * BLOCK_ROWS
                            self.finish_block[activation, has_residual, gated](
                                floats(sums), row, min(end, row + BLOCK_ROWS), panel, residual
                            )
        matrix_unit.end()

    @always_inline
    def finish_block[
        activation: StaticString, has_residual: Bool, gated: Bool
    ](self, sums: Floats, first: Int, end: Int, panel: Int, residual: Floats):
        """Makes results of a panel's sums of some rows, which are in tiles of 16 columns."""
        for start in range(0, PANEL, COLUMNS):
            for row in range(first, end):
                var tile = Tile[1, VECS](fill=Vector(0))
                comptime for v in range(VECS):
                    var column = start + v * VEC
                    var place = (
                        column // LANES * BLOCK_ROWS + row - first
                    ) * LANES + column % LANES
                    tile[v] = sums.unsafe_offset(place).unsafe_load[width=VEC]()
                self.finish[1, activation, has_residual, gated](
                    tile, row, panel * PANEL + start, residual
                )

    @always_inline
    def finish[
        rows: Int, activation: StaticString, has_residual: Bool, gated: Bool
    ](self, sums: Tile[rows, VECS], row: Int, column: Int, residual: Floats):
        """Stores what a tile's sums make."""
        comptime if gated:
            self.store_gated[rows, activation](sums, row, column)
            return
        comptime for r in range(rows):
            var place = (row + r) * self.columns + column
            comptime for v in range(VECS):
                var width = self.columns - column - v * VEC
                if width > 0:
                    var value = activated[activation](
                        sums[r * VECS + v]
                        + self.bias.unsafe_offset(column + v * VEC).unsafe_load[width=VEC]()
                    )
                    comptime if has_residual:
                        value += load_columns(residual.unsafe_offset(place + v * VEC), width)
                    store_columns(self.result.unsafe_offset(place + v * VEC), value, width)

    @always_inline
    def store_gated[
        rows: Int, activation: StaticString
    ](self, sums: Tile[rows, VECS], row: Int, column: Int):
        """Stores what a tile's columns and their gates make."""
        var columns = self.columns // 2
        comptime for r in range(rows):
            comptime for group in range(0, COLUMNS // (2 * GATE), GROUPS):
                var place = column // 2 + group * GATE
                if place < columns:
                    var bias = self.bias.unsafe_offset(column + group * 2 * GATE)
                    var value = activated[activation](
                        gated_columns[rows, r, group](sums) + gated_biases(bias)
                    )
                    value *= gated_columns[rows, r, group, GATE](sums) + gated_biases(
                        bias.unsafe_offset(GATE)
                    )
                    store_columns(
                        self.result.unsafe_offset((row + r) * columns + place),
                        value,
                        columns - place,
                    )


@register("encoder.linear")
struct PackedLinear:
    """`activation(x @ weights + bias)`.

    Shapes: x `(rows, depth)`, panels `(ceil(columns / 64), depth, 64)` in float32, float16 or
    `SPLIT`, bias as long as all panels are wide, result `(rows, columns)`.
    """

    @staticmethod
    def execute[
        activation: StaticString, target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        x: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        panels: InputTensor[rank=3, static_spec=_],
        bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        ctx: DeviceContext,
    ) raises:
        var layer = Linear(floats(x), panels, floats(bias), result)
        var phase = Phase(layer.items())

        def work(core: Int) {imm layer, mut phase}:
            var scratch = new_scratch(layer.scratch_size())
            var scratch_floats = floats(Int(scratch.unsafe_ptr()))

            def item(index: Int) {imm}:
                layer.compute[activation](index, layer.result, scratch_floats)

            phase.run(item)
            _ = scratch^

        on_cores(work, layer.cost())
