"""Linear layers over packed weights, with what follows them done while a tile is in registers."""

from extensibility import InputTensor, OutputTensor, register
from max.algorithm import sync_parallelize
from max.gpu.host import DeviceContext
from std.math import ceildiv, erf, exp, sqrt, tanh

from .tile import COLUMNS, PANEL, ROWS, VEC, VECS, Floats, Vector, load_columns, product, store_columns
from .work import shares

comptime CHUNK = 16 * ROWS
"""Rows that go through a panel while it is in the cache."""


@always_inline
def activated[activation: StaticString](x: Vector) -> Vector:
    """Returns an activation of Hugging Face's: `ACT2FN` of transformers."""
    comptime if activation == "gelu":
        return x * 0.5 * (1 + erf(x * 0.7071067811865476))
    elif activation == "gelu_tanh":
        return x * 0.5 * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))
    elif activation == "relu":
        return max(x, Vector(0))
    elif activation == "silu":
        return x / (1 + exp(-x))
    elif activation == "tanh":
        return tanh(x)
    else:
        comptime assert activation == "none", "an activation that has no kernel"
        return x


@fieldwise_init
struct Layer[dtype: DType](ImplicitlyCopyable):
    """`x @ weights + bias`, and the residual where there is one; `(rows, columns)`."""

    var x: Floats
    var panels: Pointer[Scalar[Self.dtype], MutUntrackedOrigin]
    var bias: Floats
    var result: Floats
    var rows: Int
    var depth: Int
    var columns: Int

    def chunks(self) -> Int:
        return ceildiv(self.rows, CHUNK)

    def items(self) -> Int:
        """Pairs of a panel and a chunk of rows."""
        return ceildiv(self.columns, PANEL) * self.chunks()

    def run[
        activation: StaticString, has_residual: Bool
    ](self, residual: Floats):
        """Computes the whole layer."""
        var items = self.items()
        var parts = shares(items, self.rows * self.depth * self.columns)

        def share(part: Int) {imm}:
            for item in range(items * part // parts, items * (part + 1) // parts):
                self.chunk[activation, has_residual](
                    item // self.chunks(), item % self.chunks(), residual
                )

        if parts == 1:
            share(0)
        else:
            sync_parallelize(share, parts)

    def chunk[
        activation: StaticString, has_residual: Bool
    ](self, panel: Int, chunk: Int, residual: Floats):
        """Computes one panel of columns of one chunk of rows."""
        var end = min(self.rows, (chunk + 1) * CHUNK)
        for start in range(0, PANEL, COLUMNS):
            var column = panel * PANEL + start
            if column >= self.columns:
                return
            var row = chunk * CHUNK
            while row + ROWS <= end:
                self.tile[ROWS, activation, has_residual](panel, start, row, residual)
                row += ROWS
            comptime for rows in range(1, ROWS):
                if end - row == rows:
                    self.tile[rows, activation, has_residual](panel, start, row, residual)

    @always_inline
    def tile[
        rows: Int, activation: StaticString, has_residual: Bool
    ](self, panel: Int, start: Int, row: Int, residual: Floats):
        var sums = product[rows, VECS](
            self.x.unsafe_offset(row * self.depth),
            self.depth,
            self.panels.unsafe_offset(panel * self.depth * PANEL + start),
            self.depth,
        )
        var column = panel * PANEL + start
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


def normalise(x: Floats, gamma: Floats, beta: Floats, columns: Int, epsilon: Float32):
    """Normalises one row in place."""
    var total = Vector(0)
    for c in range(0, columns, VEC):
        total += load_columns(x.unsafe_offset(c), columns - c)
    var mean = total.reduce_add() / Float32(columns)
    var squares = Vector(0)
    for c in range(0, columns, VEC):
        var width = columns - c
        var centred = load_columns(x.unsafe_offset(c), width) - mean
        if width < VEC:
            for lane in range(width, VEC):
                centred[lane] = 0
        squares = centred.fma(centred, squares)
    var scale = 1 / sqrt(squares.reduce_add() / Float32(columns) + epsilon)
    for c in range(0, columns, VEC):
        var width = columns - c
        var value = (load_columns(x.unsafe_offset(c), width) - mean) * scale
        value = value.fma(
            load_columns(gamma.unsafe_offset(c), width), load_columns(beta.unsafe_offset(c), width)
        )
        store_columns(x.unsafe_offset(c), value, width)


def normalise_rows(
    x: Floats, gamma: Floats, beta: Floats, rows: Int, columns: Int, epsilon: Float32
):
    """Normalises rows in place."""
    # A column costs about as much here as eight multiplications of a product.
    var parts = shares(rows, rows * columns * 8)

    def share(part: Int) {imm}:
        for row in range(rows * part // parts, rows * (part + 1) // parts):
            normalise(x.unsafe_offset(row * columns), gamma, beta, columns, epsilon)

    if parts == 1:
        share(0)
    else:
        sync_parallelize(share, parts)


def floats(address: Int) -> Floats:
    return Floats(unsafe_from_address=address)


@register("distilbert.linear")
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
        comptime Panels = Pointer[Scalar[panels.dtype], MutUntrackedOrigin]
        var layer = Layer[panels.dtype](
            floats(Int(x.unsafe_ptr())),
            Panels(unsafe_from_address=Int(panels.unsafe_ptr())),
            floats(Int(bias.unsafe_ptr())),
            floats(Int(result.unsafe_ptr())),
            x.dim_size(0),
            x.dim_size(1),
            result.dim_size(1),
        )
        layer.run[activation, False](layer.result)


@register("distilbert.linear_norm")
struct PackedLinearNorm:
    """`layer_norm(x @ weights + bias + residual)`.

    Shapes as for `distilbert.linear`; residual `(rows, columns)`, gamma and beta `(columns,)`.
    """

    @staticmethod
    def execute[
        target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        x: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        panels: InputTensor[rank=3, static_spec=_],
        bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        residual: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        comptime Panels = Pointer[Scalar[panels.dtype], MutUntrackedOrigin]
        var layer = Layer[panels.dtype](
            floats(Int(x.unsafe_ptr())),
            Panels(unsafe_from_address=Int(panels.unsafe_ptr())),
            floats(Int(bias.unsafe_ptr())),
            floats(Int(result.unsafe_ptr())),
            x.dim_size(0),
            x.dim_size(1),
            result.dim_size(1),
        )
        layer.run["none", True](floats(Int(residual.unsafe_ptr())))
        normalise_rows(
            layer.result,
            floats(Int(gamma.unsafe_ptr())),
            floats(Int(beta.unsafe_ptr())),
            layer.rows,
            layer.columns,
            epsilon,
        )
