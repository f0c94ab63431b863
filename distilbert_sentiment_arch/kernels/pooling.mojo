"""The mean of each sequence's tokens."""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext
from std.math import ceildiv

from .attention import Offsets, offsets
from .tile import LANES, Floats, Numbers, floats, load_columns, store_columns
from .work import Phase, on_cores


struct Mean(ImplicitlyCopyable):
    """The mean of each sequence's rows, added up in their order.

    Attributes:
        x: `(tokens, columns)`.
        starts: Where each sequence starts, and where the last one ends.
        result: `(batch, columns)`.
        batch: Number of sequences.
        columns: Columns.
    """

    var x: Floats
    var starts: Offsets
    var result: Floats
    var batch: Int
    var columns: Int

    def __init__(out self, x: Floats, starts: Offsets, result: Floats, batch: Int, columns: Int):
        self.x = x
        self.starts = starts
        self.result = result
        self.batch = batch
        self.columns = columns

    def items(self) -> Int:
        """Returns the pieces of work: the sequences."""
        return self.batch

    def cost(self) -> Int:
        """Returns the additions."""
        return Int(self.starts[unsafe_offset=self.batch]) * self.columns

    def compute(self, sequence: Int):
        """Computes the mean of one sequence."""
        var start = Int(self.starts[unsafe_offset=sequence])
        var end = Int(self.starts[unsafe_offset=sequence + 1])
        var inverse = 1 / Float32(end - start)
        for c in range(0, self.columns, LANES):
            var width = self.columns - c
            var sum = Numbers(0)
            for token in range(start, end):
                sum += load_columns[LANES](self.x.unsafe_offset(token * self.columns + c), width)
            store_columns(
                self.result.unsafe_offset(sequence * self.columns + c), sum * inverse, width
            )


@register("encoder.mean")
struct MeanOfTokens:
    """The mean of each sequence's tokens.

    Shapes: x `(tokens, columns)`, starts `(batch + 1,)`, where each sequence starts and the last one
    ends, result `(batch, columns)`.
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
        var mean = Mean(
            floats(x), offsets(starts), floats(result), result.dim_size(0), result.dim_size(1)
        )
        var phase = Phase(mean.items())

        def work(core: Int) {imm mean, mut phase}:
            def item(index: Int) {imm mean}:
                mean.compute(index)

            phase.run(item)

        on_cores(work, mean.cost())
