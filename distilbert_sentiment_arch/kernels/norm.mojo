"""Layer norm, in place."""

from extensibility import InputTensor, OutputTensor
from std.math import ceildiv, sqrt

from .tile import VEC, Floats, Vector, floats, load_columns, store_columns

comptime BLOCK = 16
"""Rows that are normalised as one piece of work."""


struct Norm(ImplicitlyCopyable):
    """`(x - mean) / sqrt(variance + epsilon) * gamma + beta` of each row; `(rows, columns)`."""

    var x: Floats
    var gamma: Floats
    var beta: Floats
    var rows: Int
    var columns: Int
    var epsilon: Float32

    def __init__(
        out self,
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        x: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        epsilon: Float32,
    ):
        self = Self(
            floats(Int(x.unsafe_ptr())),
            floats(Int(gamma.unsafe_ptr())),
            floats(Int(beta.unsafe_ptr())),
            x.dim_size(0),
            x.dim_size(1),
            epsilon,
        )

    def __init__(
        out self, x: Floats, gamma: Floats, beta: Floats, rows: Int, columns: Int, epsilon: Float32
    ):
        self.x = x
        self.gamma = gamma
        self.beta = beta
        self.rows = rows
        self.columns = columns
        self.epsilon = epsilon

    def items(self) -> Int:
        """Pieces of work: blocks of rows."""
        return ceildiv(self.rows, BLOCK)

    def compute(self, item: Int):
        """Normalises one block of rows."""
        for row in range(item * BLOCK, min(self.rows, (item + 1) * BLOCK)):
            _ = self.row(row)

    def row(self, index: Int) -> Float32:
        """Normalises one row, and returns what it was multiplied by between mean and gamma."""
        var columns = self.columns
        var x = self.x.unsafe_offset(index * columns)
        var total = Vector(0)
        for c in range(0, columns, VEC):
            total += load_columns(x.unsafe_offset(c), columns - c)
        var mean = total.reduce_add() / Float32(columns)
        var squares = Vector(0)
        for c in range(0, columns, VEC):
            var width = columns - c
            var centred = load_columns(x.unsafe_offset(c), width) - mean
            for lane in range(width, VEC):
                centred[lane] = 0
            squares = centred.fma(centred, squares)
        var scale = 1 / sqrt(squares.reduce_add() / Float32(columns) + self.epsilon)
        for c in range(0, columns, VEC):
            var width = columns - c
            var value = (load_columns(x.unsafe_offset(c), width) - mean) * scale
            value = value.fma(
                load_columns(self.gamma.unsafe_offset(c), width),
                load_columns(self.beta.unsafe_offset(c), width),
            )
            store_columns(x.unsafe_offset(c), value, width)
        return scale
