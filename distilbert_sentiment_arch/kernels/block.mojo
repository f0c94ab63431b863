"""A transformer block as one operation: the cores are woken once and stay until it is done."""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext

from .attention import Heads, Offsets, attend
from .linear import Layer
from .norm import Norm
from .tile import Floats, floats
from .work import Phase, on_cores


struct Tail[
    activation: StaticString, output_dtype: DType, up_dtype: DType, down_dtype: DType
](ImplicitlyCopyable):
    """What follows attention in a block: output, norm, feed-forward, norm; row by row.

    Attributes:
        residual: What went into attention, `(rows, dim)`.
        output: The output projection of attention.
        output_norm: The norm after it.
        up: The first layer of the feed-forward.
        down: The second one.
        down_norm: The norm after it.
    """

    var residual: Floats
    var output: Layer[Self.output_dtype]
    var output_norm: Norm
    var up: Layer[Self.up_dtype]
    var down: Layer[Self.down_dtype]
    var down_norm: Norm

    def __init__(
        out self,
        residual: Floats,
        output: Layer[Self.output_dtype],
        output_norm: Norm,
        up: Layer[Self.up_dtype],
        down: Layer[Self.down_dtype],
        down_norm: Norm,
    ):
        self.residual = residual
        self.output = output
        self.output_norm = output_norm
        self.up = up
        self.down = down
        self.down_norm = down_norm

    def cost(self) -> Int:
        """Multiplications."""
        return self.output.cost() + self.up.cost() + self.down.cost()

    def run(self, mut phases: TailPhases):
        """Does what a core can."""

        def output(item: Int) {imm}:
            self.output.compute["none", True](item, self.residual)

        def output_norm(item: Int) {imm}:
            self.output_norm.compute(item)

        def up(item: Int) {imm}:
            self.up.compute[Self.activation](item, self.up.result)

        def down(item: Int) {imm}:
            self.down.compute["none", True](item, self.output.result)

        def down_norm(item: Int) {imm}:
            self.down_norm.compute(item)

        phases.output.run(output)
        phases.output_norm.run(output_norm)
        phases.up.run(up)
        phases.down.run(down)
        phases.down_norm.run(down_norm)


struct TailPhases(Movable):
    """How far a `Tail` is."""

    var output: Phase
    var output_norm: Phase
    var up: Phase
    var down: Phase
    var down_norm: Phase

    def __init__(out self, tail: Tail):
        self.output = Phase(tail.output.items())
        self.output_norm = Phase(tail.output_norm.items())
        self.up = Phase(tail.up.items())
        self.down = Phase(tail.down.items())
        self.down_norm = Phase(tail.down_norm.items())


def norm(
    x: Floats,
    gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
    beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
    rows: Int,
    epsilon: Float32,
) -> Norm:
    """Returns the norm of some rows."""
    return Norm(
        x,
        floats(Int(gamma.unsafe_ptr())),
        floats(Int(beta.unsafe_ptr())),
        rows,
        gamma.dim_size(0),
        epsilon,
    )


@register("distilbert.block")
struct TransformerBlock:
    """Attention and feed-forward over every token, each with its residual and norm.

    Shapes: hidden `(tokens, dim)`, starts `(batch + 1,)` where each sequence starts and the last
    one ends, panels and biases as for `distilbert.linear`, gammas and betas `(dim,)`. Results: the
    block's own `(tokens, dim)`, and what lies on the way there: queries, keys and values `(tokens,
    3 * dim)`, heads and attended `(tokens, dim)`, inner `(tokens, hidden_dim)`.
    """

    @staticmethod
    def execute[
        heads: Int, activation: StaticString, target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        rows: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        mixed: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        attended: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        inner: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        hidden: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        rows_panels: InputTensor[rank=3, static_spec=_],
        rows_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        output_panels: InputTensor[rank=3, static_spec=_],
        output_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        output_gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        output_beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        up_panels: InputTensor[rank=3, static_spec=_],
        up_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        down_panels: InputTensor[rank=3, static_spec=_],
        down_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        down_gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        down_beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        var tokens = hidden.dim_size(0)
        var dim = hidden.dim_size(1)
        var x = floats(Int(hidden.unsafe_ptr()))
        var projection = Layer[rows_panels.dtype](x, rows_panels, rows_bias, rows)
        var places = Offsets(unsafe_from_address=Int(starts.unsafe_ptr()))
        var all = Heads(
            projection.result,
            3 * dim,
            places,
            projection.result.unsafe_offset(dim),
            projection.result.unsafe_offset(2 * dim),
            3 * dim,
            places,
            floats(Int(mixed.unsafe_ptr())),
            starts.dim_size(0) - 1,
            heads,
            dim // heads,
        )
        var output = Layer[output_panels.dtype](all.result, output_panels, output_bias, attended)
        var up = Layer[up_panels.dtype](output.result, up_panels, up_bias, inner)
        var down = Layer[down_panels.dtype](up.result, down_panels, down_bias, result)
        var tail = Tail[activation](
            x,
            output,
            norm(output.result, output_gamma, output_beta, tokens, epsilon),
            up,
            down,
            norm(down.result, down_gamma, down_beta, tokens, epsilon),
        )
        var room = all.scratch_size()
        var projection_phase = Phase(projection.items())
        var attention_phase = Phase(all.items())
        var phases = TailPhases(tail)

        def work(core: Int) {imm, mut projection_phase, mut attention_phase, mut phases}:
            var scratch = List[Float32](unsafe_uninit_length=room)
            var scratch_floats = floats(Int(scratch.unsafe_ptr()))

            def project(item: Int) {imm}:
                projection.compute["none"](item, projection.result)

            def mix(item: Int) {imm}:
                attend(all, item, scratch_floats)

            projection_phase.run(project)
            attention_phase.run(mix)
            tail.run(phases)
            _ = scratch^

        on_cores(work, projection.cost() + tail.cost())


@register("distilbert.last_block")
struct LastBlock:
    """The last block, for the first token of each sequence only: all that a classifier reads.

    Shapes as for `distilbert.block`, but for the results: the block's own, first, queries, mixed
    and attended `(batch, dim)`, rows with keys and values `(tokens, 2 * dim)`, inner `(batch,
    hidden_dim)`. one_each is 0, 1, ..., batch.
    """

    @staticmethod
    def execute[
        heads: Int, activation: StaticString, target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        rows: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        queries: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        mixed: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        attended: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        inner: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        hidden: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        first: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        one_each: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        query_panels: InputTensor[rank=3, static_spec=_],
        query_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        rows_panels: InputTensor[rank=3, static_spec=_],
        rows_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        output_panels: InputTensor[rank=3, static_spec=_],
        output_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        output_gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        output_beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        up_panels: InputTensor[rank=3, static_spec=_],
        up_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        down_panels: InputTensor[rank=3, static_spec=_],
        down_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        down_gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        down_beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        var batch = first.dim_size(0)
        var dim = hidden.dim_size(1)
        var x = floats(Int(first.unsafe_ptr()))
        var query = Layer[query_panels.dtype](x, query_panels, query_bias, queries)
        var projection = Layer[rows_panels.dtype](
            floats(Int(hidden.unsafe_ptr())), rows_panels, rows_bias, rows
        )
        var all = Heads(
            query.result,
            dim,
            Offsets(unsafe_from_address=Int(one_each.unsafe_ptr())),
            projection.result,
            projection.result.unsafe_offset(dim),
            2 * dim,
            Offsets(unsafe_from_address=Int(starts.unsafe_ptr())),
            floats(Int(mixed.unsafe_ptr())),
            batch,
            heads,
            dim // heads,
        )
        var output = Layer[output_panels.dtype](all.result, output_panels, output_bias, attended)
        var up = Layer[up_panels.dtype](output.result, up_panels, up_bias, inner)
        var down = Layer[down_panels.dtype](up.result, down_panels, down_bias, result)
        var tail = Tail[activation](
            x,
            output,
            norm(output.result, output_gamma, output_beta, batch, epsilon),
            up,
            down,
            norm(down.result, down_gamma, down_beta, batch, epsilon),
        )
        var room = all.scratch_size()
        var projection_phase = Phase(projection.items() + query.items())
        var attention_phase = Phase(all.items())
        var phases = TailPhases(tail)

        def work(core: Int) {imm, mut projection_phase, mut attention_phase, mut phases}:
            var scratch = List[Float32](unsafe_uninit_length=room)
            var scratch_floats = floats(Int(scratch.unsafe_ptr()))

            def project(item: Int) {imm}:
                if item < projection.items():
                    projection.compute["none"](item, projection.result)
                else:
                    query.compute["none"](item - projection.items(), query.result)

            def mix(item: Int) {imm}:
                attend(all, item, scratch_floats)

            projection_phase.run(project)
            attention_phase.run(mix)
            tail.run(phases)
            _ = scratch^

        on_cores(work, projection.cost() + query.cost() + tail.cost())
