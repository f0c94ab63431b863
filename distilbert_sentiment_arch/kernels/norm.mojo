"""Layer norm."""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext
from std.collections import Array
from std.math import ceildiv, sqrt

from .tile import LANES, Floats, Numbers, floats, load_columns, store_columns, total
from .work import Phase, on_cores

comptime SUMS = 4
"""Vectors that a row is added up in."""
comptime BLOCK = 16
"""Rows that are normalised as one piece of work."""


struct Norm(ImplicitlyCopyable):
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta` of each row.

    Attributes:
        x: `(rows, columns)`.
        result: `(rows, columns)`; may be the same memory as `x`.
        gamma: `(columns,)`.
        beta: `(columns,)`.
        rows: Rows.
        columns: Columns.
        epsilon: What is added to the variance.
    """

    var x: Floats
    var result: Floats
    var gamma: Floats
    var beta: Floats
    var rows: Int
    var columns: Int
    var epsilon: Float32

    def __init__(
        out self,
        x: Floats,
        result: Floats,
        gamma: Floats,
        beta: Floats,
        rows: Int,
        columns: Int,
        epsilon: Float32,
    ):
        self.x = x
        self.result = result
        self.gamma = gamma
        self.beta = beta
        self.rows = rows
        self.columns = columns
        self.epsilon = epsilon

    def items(self) -> Int:
        """Returns the pieces of work: blocks of rows."""
        return ceildiv(self.rows, BLOCK)

    def cost(self) -> Int:
        """Returns the multiplications: a column costs about as much as eight of a product."""
        return self.rows * self.columns * 8

    def compute(self, item: Int):
        """Normalises one block of rows."""
        for row in range(item * BLOCK, min(self.rows, (item + 1) * BLOCK)):
            _ = self.row(row)

    def row(self, index: Int) -> Float32:
        """Normalises one row, and returns `1 / sqrt(variance + epsilon)`."""
        var columns = self.columns
        var x = self.x.unsafe_offset(index * columns)
        var result = self.result.unsafe_offset(index * columns)
        # Each of several sums need not wait for the one before it.
        var sums = Array[Numbers, SUMS](fill=Numbers(0))
        var squares = Array[Numbers, SUMS](fill=Numbers(0))
        comptime step = SUMS * LANES
        var whole = columns // step * step
        for c in range(0, whole, step):
            comptime for s in range(SUMS):
                sums[s] += x.unsafe_offset(c + s * LANES).unsafe_load[width=LANES]()
        for c in range(whole, columns, LANES):
            sums[0] += load_columns[LANES](x.unsafe_offset(c), columns - c)
        var mean = total((sums[0] + sums[1]) + (sums[2] + sums[3])) / Float32(columns)
        for c in range(0, whole, step):
            comptime for s in range(SUMS):
                var centred = x.unsafe_offset(c + s * LANES).unsafe_load[width=LANES]() - mean
                squares[s] = centred.fma(centred, squares[s])
        for c in range(whole, columns, LANES):
            var width = columns - c
            var centred = load_columns[LANES](x.unsafe_offset(c), width) - mean
            for lane in range(width, LANES):
                centred[lane] = 0
            squares[0] = centred.fma(centred, squares[0])
        var variance = total((squares[0] + squares[1]) + (squares[2] + squares[3])) / Float32(columns)
        var scale = 1 / sqrt(variance + self.epsilon)
        for c in range(0, columns, LANES):
            var width = columns - c
            var value = (load_columns[LANES](x.unsafe_offset(c), width) - mean) * scale
            value = value.fma(
                load_columns[LANES](self.gamma.unsafe_offset(c), width),
                load_columns[LANES](self.beta.unsafe_offset(c), width),
            )
            store_columns(result.unsafe_offset(c), value, width)
        return scale


@register("encoder.layer_norm")
struct LayerNorm:
    """Layer norm of each row.

    Shapes: x `(rows, columns)`, gamma and beta `(columns,)`, result `(rows, columns)`.
    """

    @staticmethod
    def execute[
        target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        x: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        var norm = Norm(
            floats(x),
            floats(result),
            floats(gamma),
            floats(beta),
            result.dim_size(0),
            result.dim_size(1),
            epsilon,
        )
        var phase = Phase(norm.items())

        def work(core: Int) {imm norm, mut phase}:
            def item(index: Int) {imm norm}:
                norm.compute(index)

            phase.run(item)

        on_cores(work, norm.cost())
