"""Linear layers over codes: 8-bit integers or bfloat16 numbers, with what follows them.

A panel holds 64 columns, 4 bytes of each after the other: `(depth bytes / 4, 64, 4 bytes)`. AMX, VNNI
and the instructions of other processors all read this layout.
"""

from std.collections import Array
from std.math import ceildiv
from std.sys.intrinsics import PrefetchOptions, prefetch

from . import amx as matrix_unit
from .activation import activated, gelu_of_codes
from .codes import ALIGNMENT, Codes
from .dot import HAS_AVX512, OFFSET, Columns, Sums, add_dot, sum_dtype
from .tile import LANES, PANEL, Floats, Numbers, load_columns, store_columns, whole_panels

comptime WORD = 4
"""Bytes of a column that are multiplied at once."""
comptime PANEL_ROW = PANEL * WORD
"""Bytes in a row of a panel."""
comptime ROWS = 6
"""Most rows of a tile in vector registers."""
comptime VECS = 4 if HAS_AVX512 else 1
"""Vectors of 16 columns in such a tile, which leave registers for the operands."""
comptime SUMS_SIZE = 2 * matrix_unit.TILE_ROWS * PANEL
"""Sums of 32 rows and 64 columns, which AMX writes to memory: numbers of 4 bytes."""
comptime prefetch_weights = prefetch[PrefetchOptions().for_read().medium_locality()]


struct CodeLinear[dtype: DType](ImplicitlyCopyable):
    """`activation(x @ weights + bias)`, plus a residual where there is one.

    For int8, `x @ weights` is `float32(sum) * (token's scale * column's scale)`: the sum of products
    of integers is exact, and what follows is rounded to float32 after each operation, but for one
    fused multiply-add with the bias. For bfloat16 sums are in float32.

    Attributes:
        panels: Address of `(ceil(columns / 64), depth bytes / 4, 64, 4 bytes)`.
        scales: Of each column; not used for bfloat16.
        bias: As long as all panels are wide, as are the others.
        sums: The sum of each column's integers; not used for bfloat16.
        depth: Bytes of a row of codes.
        columns: Columns of the result.
    """

    var panels: Int
    var scales: Floats
    var bias: Floats
    var sums: Floats
    var depth: Int
    var columns: Int

    def __init__(out self, panels: Int, vectors: Floats, depth: Int, columns: Int):
        """Lays a layer out; `vectors` holds scales, bias and sums, each as long as all panels are wide.
        """
        var padded = whole_panels(columns)
        self.panels = panels
        self.scales = vectors
        self.bias = vectors.unsafe_offset(padded)
        self.sums = vectors.unsafe_offset(2 * padded)
        self.depth = depth
        self.columns = columns

    def panel_count(self) -> Int:
        """Returns the number of panels."""
        return whole_panels(self.columns) // PANEL

    def panel_bytes(self) -> Int:
        """Returns the bytes of a panel."""
        return self.depth * PANEL

    def compute[
        amx: Bool, activation: StaticString, has_residual: Bool = False
    ](
        self,
        x: Codes[Self.dtype],
        panel: Int,
        first: Int,
        end: Int,
        result: Floats,
        residual: Floats,
        sums: Floats,
    ):
        """Computes one panel of columns of some rows.

        Parameters:
            amx: Compute with the matrix unit; the caller has begun its use.
            activation: What is applied.
            has_residual: Whether `residual` is added after it.

        Args:
            x: Codes of `rows` rows, whose bytes are `depth`.
            panel: Which panel.
            first: The first row.
            end: The row after the last one.
            result: `(rows, columns)`.
            residual: `(rows, columns)`; read only where `has_residual`.
            sums: Room for `SUMS_SIZE` numbers, used by AMX.
        """
        var row = first
        comptime if amx:
            # The next panel comes into the cache meanwhile, in parts of equal size. With so few rows
            # that one strip is enough, reading panels is all that takes time, and hints cost more
            # than they give.
            var next = self.panels + min(panel + 1, self.panel_count() - 1) * self.panel_bytes()
            var part = ceildiv(PANEL, 2 * ceildiv(end - first, 2 * matrix_unit.TILE_ROWS))
            while row < end:
                if end - row > matrix_unit.TILE_ROWS:
                    self.square[activation, has_residual](
                        x, panel, row, end, result, residual, sums, next, part
                    )
                    next += 2 * part * self.depth
                    row += 2 * matrix_unit.TILE_ROWS
                else:
                    self.strip[activation, has_residual](
                        x, panel, row, end, result, residual, sums
                    )
                    row += matrix_unit.TILE_ROWS
        else:
            for start in range(0, PANEL, VECS * LANES):
                row = first
                while row + ROWS <= end:
                    self.tile[ROWS, activation, has_residual](
                        x, panel, start, row, result, residual
                    )
                    row += ROWS
                comptime for rows in range(1, ROWS):
                    if end - row == rows:
                        self.tile[rows, activation, has_residual](
                            x, panel, start, row, result, residual
                        )

    @always_inline
    def tile[
        rows: Int, activation: StaticString, has_residual: Bool
    ](
        self,
        x: Codes[Self.dtype],
        panel: Int,
        start: Int,
        row: Int,
        result: Floats,
        residual: Floats,
    ):
        """Computes some rows from `row` on, and a tile's columns from `start` of a panel on."""
        var sums = Array[Sums[Self.dtype], rows * VECS](fill=Sums[Self.dtype](0))
        comptime for v in range(VECS):
            var begin = self.start_of(panel * PANEL + start + v * LANES)
            comptime for r in range(rows):
                sums[r * VECS + v] = begin
        var words = x.row(row)
        var columns = Pointer[UInt8, MutUntrackedOrigin](
            unsafe_from_address=self.panels + panel * self.panel_bytes() + start * WORD
        )
        for k in range(self.depth // WORD):
            var operands = Array[Columns, VECS](fill=Columns(0))
            comptime for v in range(VECS):
                operands[v] = columns.unsafe_offset(
                    k * PANEL_ROW + v * LANES * WORD
                ).unsafe_load[width=LANES * WORD]()
            comptime for r in range(rows):
                var word = Pointer[Int32, MutUntrackedOrigin](
                    unsafe_from_address=words + r * x.stride + k * WORD
                ).unsafe_load()
                comptime for v in range(VECS):
                    sums[r * VECS + v] = add_dot[Self.dtype](sums[r * VECS + v], word, operands[v])
        comptime for v in range(VECS):
            var end = ColumnEnd(self, panel * PANEL + start + v * LANES)
            comptime for r in range(rows):
                self.finish[activation, has_residual](
                    sums[r * VECS + v], end, x, row + r, result, residual
                )

    def square[
        activation: StaticString, has_residual: Bool
    ](
        self,
        x: Codes[Self.dtype],
        panel: Int,
        row: Int,
        end: Int,
        result: Floats,
        residual: Floats,
        sums: Floats,
        next: Int,
        part: Int,
    ):
        """Computes up to 32 rows from `row` on with the matrix unit.

        Meanwhile, it fetches `2 * part` lines for each 64 bytes of depth from `next` on.
        """
        var place = next
        var upper = x.row(row)
        var lower = x.row(row + matrix_unit.TILE_ROWS)
        comptime half = PANEL_ROW // 2
        for side in range(2):
            var columns = self.panels + panel * self.panel_bytes() + side * half
            matrix_unit.clear()
            for k in range(self.depth // matrix_unit.TILE_BYTES):
                var byte = k * matrix_unit.TILE_BYTES
                matrix_unit.add_square[Self.dtype == DType.int8](
                    upper + byte, lower + byte, x.stride, columns + byte * PANEL, PANEL_ROW
                )
                for _ in range(part):
                    prefetch_weights(Pointer[UInt8, MutUntrackedOrigin](unsafe_from_address=place))
                    place += ALIGNMENT
            var room = Int(sums) + side * half
            matrix_unit.store_square(room, room + matrix_unit.TILE_ROWS * PANEL_ROW, PANEL_ROW)
        self.finish_rows[activation, has_residual](
            x, panel, row, min(end - row, 2 * matrix_unit.TILE_ROWS), result, residual, sums
        )

    def strip[
        activation: StaticString, has_residual: Bool
    ](
        self,
        x: Codes[Self.dtype],
        panel: Int,
        row: Int,
        end: Int,
        result: Floats,
        residual: Floats,
        sums: Floats,
    ):
        """Computes up to 16 rows from `row` on with the matrix unit."""
        var rows = x.row(row)
        var columns = self.panels + panel * self.panel_bytes()
        matrix_unit.clear()
        for k in range(self.depth // matrix_unit.TILE_BYTES):
            var byte = k * matrix_unit.TILE_BYTES
            matrix_unit.add_strip[Self.dtype == DType.int8](
                rows + byte, x.stride, columns + byte * PANEL, PANEL_ROW
            )
        matrix_unit.store_strip(Int(sums), PANEL_ROW)
        self.finish_rows[activation, has_residual](x, panel, row, end - row, result, residual, sums)

    @always_inline
    def finish_rows[
        activation: StaticString, has_residual: Bool
    ](
        self,
        x: Codes[Self.dtype],
        panel: Int,
        row: Int,
        rows: Int,
        result: Floats,
        residual: Floats,
        sums: Floats,
    ):
        """Makes numbers of the sums that the matrix unit wrote to memory."""
        var words = Pointer[Scalar[sum_dtype[Self.dtype]], MutUntrackedOrigin](
            unsafe_from_address=Int(sums)
        )
        comptime vecs = PANEL // LANES
        var ends = Array[ColumnEnd[Self.dtype], vecs](fill=ColumnEnd(self, panel * PANEL))
        comptime for v in range(vecs):
            ends[v] = ColumnEnd(self, panel * PANEL + v * LANES)
        for r in range(rows):
            comptime for v in range(vecs):
                var sum = words.unsafe_offset(r * PANEL + v * LANES).unsafe_load[width=LANES]()
                self.finish[activation, has_residual](
                    sum + ends[v].start, ends[v], x, row + r, result, residual
                )

    @always_inline
    def start_of(self, column: Int) -> Sums[Self.dtype]:
        """Returns what the sums of 16 columns start at."""
        comptime if Self.dtype == DType.int8 and OFFSET != 0:
            var sums = self.sums.unsafe_offset(column).unsafe_load[width=LANES]()
            return sums.cast[sum_dtype[Self.dtype]]() * Sums[Self.dtype](-OFFSET)
        return Sums[Self.dtype](0)

    @always_inline
    def finish[
        activation: StaticString, has_residual: Bool
    ](
        self,
        sums: Sums[Self.dtype],
        end: ColumnEnd[Self.dtype],
        x: Codes[Self.dtype],
        row: Int,
        result: Floats,
        residual: Floats,
    ):
        """Makes numbers of 16 sums, and stores them."""
        var width = self.columns - end.column
        if width <= 0:
            return
        var numbers = sums.cast[DType.float32]()
        comptime if Self.dtype == DType.int8:
            numbers = numbers.fma(end.scales * x.scales[unsafe_offset=row], end.bias)
        else:
            numbers += end.bias
        comptime if activation == "gelu" and Self.dtype == DType.int8:
            numbers = gelu_of_codes(numbers)
        else:
            numbers = activated[activation](numbers)
        var place = row * self.columns + end.column
        comptime if has_residual:
            numbers += load_columns[LANES](residual.unsafe_offset(place), width)
        store_columns(result.unsafe_offset(place), numbers, width)


struct ColumnEnd[dtype: DType](ImplicitlyCopyable):
    """What makes numbers of the sums of 16 columns.

    Attributes:
        column: The first of them.
        start: What the sums start at.
        scales: Of the columns; not used for bfloat16.
        bias: Of the columns.
    """

    var column: Int
    var start: Sums[Self.dtype]
    var scales: Numbers
    var bias: Numbers

    @always_inline
    def __init__(out self, layer: CodeLinear[Self.dtype], column: Int):
        self.column = column
        self.start = layer.start_of(column)
        self.scales = layer.scales.unsafe_offset(column).unsafe_load[width=LANES]()
        self.bias = layer.bias.unsafe_offset(column).unsafe_load[width=LANES]()
