"""Linear layers over packed weights; activation and residual are applied while a tile is in registers.
"""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext
from std.math import ceildiv

from .activation import activated
from .tile import (
    COLUMNS,
    PANEL,
    ROWS,
    VEC,
    VECS,
    Floats,
    Tile,
    floats,
    load_columns,
    product,
    store_columns,
)
from .work import Phase, on_cores

comptime GATE = 8
"""Columns of a gated layer's panels that become results, before as many that are their gates: each tile
has both, whatever the width of vectors."""
comptime Gated = SIMD[DType.float32, GATE]
comptime CHUNK_NUMBERS = 96 * 384
"""Most numbers of x in a piece of work, which then takes about 40 microseconds: the core that is done
first waits for one piece at most."""


struct Chunks(ImplicitlyCopyable):
    """Rows in chunks of equal size, a multiple of a tile's rows.

    Equal, because a core would wait for the others after a chunk that is nearly empty. Pieces of work
    are numbered panel by panel: those of the first panel's chunks come first.

    Attributes:
        rows: All rows.
        count: Number of chunks.
        size: Rows of a chunk.
    """

    var rows: Int
    var count: Int
    var size: Int

    def __init__(out self, rows: Int, depth: Int):
        var most = max(2 * ROWS, CHUNK_NUMBERS // depth // ROWS * ROWS)
        self.rows = rows
        self.count = max(1, ceildiv(rows, most))
        self.size = ceildiv(ceildiv(rows, self.count), ROWS) * ROWS

    def start(self, item: Int) -> Int:
        """Returns the first row of a piece of work."""
        return item % self.count * self.size

    def end(self, item: Int) -> Int:
        """Returns the row after its last one."""
        return min(self.rows, self.start(item) + self.size)


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
        chunks: The rows, in pieces of work.
    """

    var x: Floats
    var panels: Pointer[Scalar[Self.dtype], MutUntrackedOrigin]
    var bias: Floats
    var result: Floats
    var rows: Int
    var depth: Int
    var columns: Int
    var chunks: Chunks

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
        self.chunks = Chunks(rows, depth)

    def items(self) -> Int:
        """Returns the pieces of work: pairs of a panel and a chunk of rows."""
        return ceildiv(self.columns, PANEL) * self.chunks.count

    def cost(self) -> Int:
        """Returns the multiplications."""
        return self.rows * self.depth * self.columns

    def compute[
        activation: StaticString, has_residual: Bool = False, gated: Bool = False
    ](self, item: Int, residual: Floats):
        """Computes one panel of columns of one chunk of rows.

        Args:
            item: Which of them, below `items()`.
            residual: `(rows, columns)`; read only where `has_residual`.
        """
        var panel = item // self.chunks.count
        var end = self.chunks.end(item)
        for start in range(0, PANEL, COLUMNS):
            if panel * PANEL + start >= self.columns:
                return
            var row = self.chunks.start(item)
            while row + ROWS <= end:
                self.tile[ROWS, activation, has_residual, gated](panel, start, row, residual)
                row += ROWS
            comptime for rows in range(1, ROWS):
                if end - row == rows:
                    self.tile[rows, activation, has_residual, gated](panel, start, row, residual)

    @always_inline
    def tile[
        rows: Int, activation: StaticString, has_residual: Bool, gated: Bool
    ](self, panel: Int, start: Int, row: Int, residual: Floats):
        """Computes some rows from `row` on, and a tile's columns from `start` of a panel on."""
        var sums = product[rows, VECS](
            self.x.unsafe_offset(row * self.depth),
            self.depth,
            self.panels.unsafe_offset(panel * self.depth * PANEL + start),
            self.depth,
        )
        var column = panel * PANEL + start
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
            comptime for group in range(COLUMNS // (2 * GATE)):
                var place = column // 2 + group * GATE
                if place < columns:
                    var bias = self.bias.unsafe_offset(column + group * 2 * GATE)
                    var value = activated[activation](
                        of_tile[rows, r, group * 2 * GATE](sums) + bias.unsafe_load[width=GATE]()
                    )
                    value *= (
                        of_tile[rows, r, group * 2 * GATE + GATE](sums)
                        + bias.unsafe_offset(GATE).unsafe_load[width=GATE]()
                    )
                    store_columns(
                        self.result.unsafe_offset((row + r) * columns + place),
                        value,
                        columns - place,
                    )


@always_inline
def of_tile[rows: Int, row: Int, column: Int](sums: Tile[rows, VECS]) -> Gated:
    """Returns `GATE` neighbouring columns of a row of a tile."""
    comptime first = row * VECS + column // VEC
    comptime if VEC > GATE:
        return sums[first].slice[GATE, offset=column % VEC]()
    elif VEC == GATE:
        return rebind[Gated](sums[first])
    else:
        return rebind[Gated](sums[first].join(sums[first + 1]))


@register("encoder.linear")
struct PackedLinear:
    """`activation(x @ weights + bias)`.

    Shapes: x `(rows, depth)`, panels `(ceil(columns / 64), depth, 64)` in float32 or float16, bias
    as long as all panels are wide, result `(rows, columns)`.
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
            def item(index: Int) {imm layer}:
                layer.compute[activation](index, layer.result)

            phase.run(item)

        on_cores(work, layer.cost())
