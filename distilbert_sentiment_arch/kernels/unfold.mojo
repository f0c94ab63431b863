"""Rows beside their neighbours, of which a linear layer makes a convolution."""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext
from std.math import ceildiv

from .attention import Offsets, offsets
from .tile import VEC, Floats, Vector, floats, load_columns, store_columns
from .work import Phase, on_cores

comptime BLOCK = 16
"""Tokens that are one piece of work."""


struct Unfold(ImplicitlyCopyable):
    """Each token's row between those of the tokens around it, which are 0 beyond its sequence.

    Attributes:
        x: `(tokens, columns)`.
        starts: Where each sequence starts, and where the last one ends.
        result: `(tokens, size * columns)`: the row of the token `size / 2` before, and so on.
        tokens: Number of tokens.
        columns: Columns of x.
        size: How many rows stand beside each other, an odd number.
    """

    var x: Floats
    var starts: Offsets
    var result: Floats
    var tokens: Int
    var columns: Int
    var size: Int

    def __init__(
        out self,
        x: Floats,
        starts: Offsets,
        result: Floats,
        tokens: Int,
        columns: Int,
        size: Int,
    ):
        self.x = x
        self.starts = starts
        self.result = result
        self.tokens = tokens
        self.columns = columns
        self.size = size

    def items(self) -> Int:
        """Returns the pieces of work: blocks of tokens."""
        return ceildiv(self.tokens, BLOCK)

    def cost(self) -> Int:
        """Returns the numbers that are copied."""
        return self.tokens * self.size * self.columns

    def compute(self, item: Int):
        """Computes one block of tokens."""
        var sequence = 0
        for token in range(item * BLOCK, min(self.tokens, (item + 1) * BLOCK)):
            while Int(self.starts[unsafe_offset=sequence + 1]) <= token:
                sequence += 1
            var start = Int(self.starts[unsafe_offset=sequence])
            var end = Int(self.starts[unsafe_offset=sequence + 1])
            for step in range(self.size):
                var neighbour = token + step - self.size // 2
                self.copy(
                    neighbour, token * self.size + step, start <= neighbour and neighbour < end
                )

    def copy(self, token: Int, place: Int, exists: Bool):
        """Copies a token's row, or what stands for one that does not exist."""
        var source = self.x.unsafe_offset(token * self.columns)
        var target = self.result.unsafe_offset(place * self.columns)
        for c in range(0, self.columns, VEC):
            var width = self.columns - c
            var row = load_columns(source.unsafe_offset(c), width) if exists else Vector(0)
            store_columns(target.unsafe_offset(c), row, width)


@register("encoder.unfold")
struct UnfoldTokens:
    """Each token's row between those of the tokens around it, see `Unfold`.

    Shapes: x `(tokens, columns)`, starts `(batch + 1,)`, where each sequence starts and the last one
    ends, result `(tokens, size * columns)`, size odd.
    """

    @staticmethod
    def execute[
        target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        x: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        ctx: DeviceContext,
    ) raises:
        var columns = x.dim_size(1)
        var unfold = Unfold(
            floats(x),
            offsets(starts),
            floats(result),
            x.dim_size(0),
            columns,
            result.dim_size(1) // columns,
        )
        var phase = Phase(unfold.items())

        def work(core: Int) {imm unfold, mut phase}:
            def item(index: Int) {imm unfold}:
                unfold.compute(index)

            phase.run(item)

        on_cores(work, unfold.cost())
