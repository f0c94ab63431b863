"""Transformer blocks over codes: 8-bit integers or bfloat16 numbers."""

from std.math import ceildiv
from std.sys import num_physical_cores

from .code_linear import SUMS_SIZE, CodeLinear
from .codes import Codes
from .norm import Norm
from .pass_room import MOST_ROWS_BY_PANELS, Rows
from .tile import Floats, whole_panels
from .work import Phases, spread

comptime LEAST_ROWS_OF_CORE = 16
"""Rows for each core from which on a core takes rows through several layers by itself; with fewer,
the cores share the panels of each layer, so that each reads a part of the weights."""
comptime LEAST_ROWS_OF_CORE_BFLOAT16 = 24
"""The same for bfloat16, whose weights are twice as long to read."""
comptime MOST_ROWS_OF_CORE = 128
"""Most rows that a core takes at once: what lies between two layers stays in its cache."""
comptime ROWS_OF_ITEM = 4
"""Rows of a piece of work where only norms and codes are computed."""
comptime UNIT = 16
"""Rows of such a piece are a multiple of it, where they are not the last ones."""


struct BlockWeights[dtype: DType](ImplicitlyCopyable):
    """Weights of one block behind attention.

    One row of `vectors` has, each padded with zeros to a multiple of 64 numbers: scales, biases and
    column sums of the output projection; gamma and beta of the norm in the middle; scales, biases and
    sums of the feed-forward's first layer, and of its second one; gamma and beta of the norm that
    comes next: the block's own (post-norm), or the one before the next block or the head (pre-norm).
    """

    var output: CodeLinear[Self.dtype]
    var norm: Floats
    var up: CodeLinear[Self.dtype]
    var down: CodeLinear[Self.dtype]
    var next_norm: Floats

    def __init__(
        out self,
        layer: Int,
        output_panels: Int,
        up_panels: Int,
        down_panels: Int,
        vectors: Floats,
        dim: Int,
        inner: Int,
    ):
        """Lays one block out in the tensors of all; panels are addresses."""
        var wide = whole_panels(dim)
        var wide_inner = whole_panels(inner)
        var depth = Codes[Self.dtype](0, vectors, dim).stride
        var inner_depth = Codes[Self.dtype](0, vectors, inner).stride
        var row = vectors.unsafe_offset(layer * (10 * wide + 3 * wide_inner))
        self.output = CodeLinear[Self.dtype](
            output_panels + layer * wide * depth, row, depth, dim
        )
        self.norm = row.unsafe_offset(3 * wide)
        var up = row.unsafe_offset(5 * wide)
        self.up = CodeLinear[Self.dtype](up_panels + layer * wide_inner * depth, up, depth, inner)
        var down = up.unsafe_offset(3 * wide_inner)
        self.down = CodeLinear[Self.dtype](
            down_panels + layer * wide * inner_depth, down, inner_depth, dim
        )
        self.next_norm = down.unsafe_offset(3 * wide)


struct Encoder[dtype: DType, amx: Bool, pre_norm: Bool, activation: StaticString](
    ImplicitlyCopyable
):
    """The layers of all blocks, and the memory that they work in.

    Attributes:
        tokens: Memory for all tokens.
        output_panels: Address of the panels of all blocks, as are the next two.
        vectors: See `BlockWeights`.
        qkv_panels: Address of the panels of the queries, keys and values, of each block that
            projects them for all tokens.
        qkv_vectors: Scales, biases and sums of these.
        layers: Number of blocks.
        looked_up: 1 where the first block's queries, keys and values are looked up, otherwise 0.
        dim: Width of the hidden states.
        inner: Width inside the feed-forward.
        epsilon: Of the norms.
    """

    var tokens: Rows[Self.dtype]
    var output_panels: Int
    var up_panels: Int
    var down_panels: Int
    var vectors: Floats
    var qkv_panels: Int
    var qkv_vectors: Floats
    var layers: Int
    var looked_up: Int
    var dim: Int
    var inner: Int
    var epsilon: Float32

    def __init__(
        out self,
        tokens: Rows[Self.dtype],
        output_panels: Int,
        up_panels: Int,
        down_panels: Int,
        vectors: Floats,
        qkv_panels: Int,
        qkv_vectors: Floats,
        layers: Int,
        looked_up: Int,
        dim: Int,
        inner: Int,
        epsilon: Float32,
    ):
        self.tokens = tokens
        self.output_panels = output_panels
        self.up_panels = up_panels
        self.down_panels = down_panels
        self.vectors = vectors
        self.qkv_panels = qkv_panels
        self.qkv_vectors = qkv_vectors
        self.layers = layers
        self.looked_up = looked_up
        self.dim = dim
        self.inner = inner
        self.epsilon = epsilon

    def block(self, layer: Int) -> BlockWeights[Self.dtype]:
        """Returns the weights of a block behind attention."""
        return BlockWeights[Self.dtype](
            layer,
            self.output_panels,
            self.up_panels,
            self.down_panels,
            self.vectors,
            self.dim,
            self.inner,
        )

    def projection(self, layer: Int) -> CodeLinear[Self.dtype]:
        """Returns the queries, keys and values of a block."""
        var columns = 3 * self.dim
        var wide = whole_panels(columns)
        var index = layer - self.looked_up
        var depth = self.tokens.codes.stride
        return CodeLinear[Self.dtype](
            self.qkv_panels + index * wide * depth,
            self.qkv_vectors.unsafe_offset(index * 3 * wide),
            depth,
            columns,
        )

    def norm(self, x: Floats, result: Floats, vectors: Floats, rows: Int) -> Norm:
        """Returns a norm, given its gamma and beta."""
        var beta = vectors.unsafe_offset(whole_panels(self.dim))
        return Norm(x, result, vectors, beta, rows, self.dim, self.epsilon)

    def enter(self, rows: Rows[Self.dtype], next_norm: Floats, row: Int):
        """Prepares one row of hidden states for the next linear layer: its norm and its codes."""
        comptime if Self.pre_norm:
            _ = self.norm(rows.hidden, rows.normed, next_norm, rows.count).row(row)
        rows.codes.encode(row, rows.normed.unsafe_offset(row * self.dim))

    def middle(self, rows: Rows[Self.dtype], block: BlockWeights[Self.dtype], row: Int):
        """Norm and codes of one row between attention and feed-forward."""
        var normed = rows.mixed if Self.pre_norm else rows.attended
        _ = self.norm(rows.attended, normed, block.norm, rows.count).row(row)
        rows.codes.encode(row, normed.unsafe_offset(row * self.dim))

    def leave(self, rows: Rows[Self.dtype], block: BlockWeights[Self.dtype], row: Int):
        """Norm and codes of one row behind the feed-forward."""
        comptime if not Self.pre_norm:
            _ = self.norm(rows.hidden, rows.hidden, block.next_norm, rows.count).row(row)
        self.enter(rows, block.next_norm, row)

    def tail_of_rows(
        self, rows: Rows[Self.dtype], layer: Int, first: Int, end: Int, projects: Bool, scratch: Floats
    ):
        """Takes some rows from attention through the rest of a block, and the next projection.

        Args:
            rows: All rows.
            layer: Which block.
            first: The first row.
            end: The row after the last one.
            projects: Whether the next block projects queries, keys and values for all tokens.
            scratch: Room for `scratch_size()` numbers.
        """
        var block = self.block(layer)
        for row in range(first, end):
            rows.codes.encode(row, rows.mixed.unsafe_offset(row * self.dim))
        for panel in range(block.output.panel_count()):
            block.output.compute[Self.amx, "none", True](
                rows.codes, panel, first, end, rows.attended, rows.hidden, scratch
            )
        for row in range(first, end):
            self.middle(rows, block, row)
        var count = end - first
        var inner = scratch.unsafe_offset(SUMS_SIZE)
        var scales = inner.unsafe_offset(count * self.inner)
        var inner_codes = Codes[Self.dtype](
            Int(scales.unsafe_offset(whole_panels(count))), scales, self.inner
        )
        var codes = rows.codes.after(first)
        for panel in range(block.up.panel_count()):
            block.up.compute[Self.amx, Self.activation](
                codes, panel, 0, count, inner, inner, scratch
            )
        for row in range(count):
            inner_codes.encode(row, inner.unsafe_offset(row * self.inner))
        var place = first * self.dim
        for panel in range(block.down.panel_count()):
            block.down.compute[Self.amx, "none", True](
                inner_codes,
                panel,
                0,
                count,
                rows.hidden.unsafe_offset(place),
                rows.attended.unsafe_offset(place),
                scratch,
            )
        for row in range(first, end):
            self.leave(rows, block, row)
        if projects:
            var projection = self.projection(layer + 1)
            for panel in range(projection.panel_count()):
                projection.compute[Self.amx, "none"](
                    rows.codes, panel, first, end, rows.qkv, rows.qkv, scratch
                )

    def scratch_size(self) -> Int:
        """Returns the numbers that `tail` needs room for."""
        # Of few sequences with many tokens, the first tokens may go in larger pieces than the tokens.
        var rows = MOST_ROWS_OF_CORE if Pieces[Self.dtype](self.tokens.count).count > 0 else 0
        var codes = Codes[Self.dtype](0, self.vectors, self.inner)
        return SUMS_SIZE + rows * self.inner + whole_panels(rows) + codes.size(rows) // 4

    def cost(self) -> Int:
        """Returns the multiplications in the blocks, roughly: how many float32 ones take as long."""
        var block = self.dim * (self.dim + 2 * self.inner) + 3 * self.dim * self.dim
        return self.tokens.count * self.layers * block // 4

    def tail(
        self,
        rows: Rows[Self.dtype],
        layer: Int,
        projects: Bool,
        mut phases: Phases,
        mut phase: Int,
        scratch: Floats,
    ):
        """Computes, on one core, its part of a block behind attention, and of the next projection."""
        var pieces = Pieces[Self.dtype](rows.count)
        if pieces.count > 0:

            def compute(item: Int) {imm}:
                self.tail_of_rows(
                    rows, layer, pieces.start(item), pieces.end(item), projects, scratch
                )

            phases.run(phase, pieces.count, compute)
            phase += 1
            return
        var block = self.block(layer)
        var inner = rows.inner
        var inner_codes = rows.inner_codes
        var groups = ceildiv(rows.count, ROWS_OF_ITEM)

        def encode(item: Int) {imm}:
            for row in range(item * ROWS_OF_ITEM, min(rows.count, (item + 1) * ROWS_OF_ITEM)):
                rows.codes.encode(row, rows.mixed.unsafe_offset(row * self.dim))

        def output(item: Int) {imm}:
            block.output.compute[Self.amx, "none", True](
                rows.codes,
                spread(item, block.output.panel_count()),
                0,
                rows.count,
                rows.attended,
                rows.hidden,
                scratch,
            )

        def middle(item: Int) {imm}:
            for row in range(item * ROWS_OF_ITEM, min(rows.count, (item + 1) * ROWS_OF_ITEM)):
                self.middle(rows, block, row)

        def up(item: Int) {imm}:
            var panel = spread(item, block.up.panel_count())
            block.up.compute[Self.amx, Self.activation](
                rows.codes, panel, 0, rows.count, inner, inner, scratch
            )

        def encode_inner(item: Int) {imm}:
            for row in range(item * ROWS_OF_ITEM, min(rows.count, (item + 1) * ROWS_OF_ITEM)):
                inner_codes.encode(row, inner.unsafe_offset(row * self.inner))

        def down(item: Int) {imm}:
            block.down.compute[Self.amx, "none", True](
                inner_codes,
                spread(item, block.down.panel_count()),
                0,
                rows.count,
                rows.hidden,
                rows.attended,
                scratch,
            )

        def leave(item: Int) {imm}:
            for row in range(item * ROWS_OF_ITEM, min(rows.count, (item + 1) * ROWS_OF_ITEM)):
                self.leave(rows, block, row)

        phases.run(phase, groups, encode)
        phases.run(phase + 1, block.output.panel_count(), output)
        phases.run(phase + 2, groups, middle)
        phases.run(phase + 3, block.up.panel_count(), up)
        phases.run(phase + 4, groups, encode_inner)
        phases.run(phase + 5, block.down.panel_count(), down)
        phases.run(phase + 6, groups, leave)
        phase += 7
        if projects:
            self.project(layer + 1, phases, phase, scratch)

    def project(self, layer: Int, mut phases: Phases, mut phase: Int, scratch: Floats):
        """Computes, on one core, its part of a block's queries, keys and values, panel by panel."""
        var projection = self.projection(layer)
        var rows = self.tokens

        def project(item: Int) {imm}:
            var panel = spread(item, projection.panel_count())
            projection.compute[Self.amx, "none"](
                rows.codes, panel, 0, rows.count, rows.qkv, rows.qkv, scratch
            )

        phases.run(phase, projection.panel_count(), project)
        phase += 1


struct Pieces[dtype: DType](ImplicitlyCopyable):
    """Rows in pieces that one core takes through several layers; none where there are few rows.

    Attributes:
        rows: All rows.
        count: Number of pieces.
        size: Rows of a piece.
    """

    var rows: Int
    var count: Int
    var size: Int

    def __init__(out self, rows: Int):
        comptime least = (
            LEAST_ROWS_OF_CORE if Self.dtype == DType.int8 else LEAST_ROWS_OF_CORE_BFLOAT16
        )
        var cores = num_physical_cores()
        self.rows = rows
        self.size = 0
        self.count = 0
        if rows >= least * cores or rows > MOST_ROWS_BY_PANELS:
            var pieces = ceildiv(ceildiv(rows, MOST_ROWS_OF_CORE), cores) * cores
            self.size = ceildiv(ceildiv(rows, pieces), UNIT) * UNIT
            self.count = ceildiv(rows, self.size)

    def start(self, item: Int) -> Int:
        """Returns the first row of a piece."""
        return item * self.size

    def end(self, item: Int) -> Int:
        """Returns the row after its last one."""
        return min(self.rows, self.start(item) + self.size)
