"""A transformer block as one operation: the cores are woken once and stay until it is done."""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext

from .attention import Heads, attend
from .embedding import Embedding, ProjectedEmbedding
from .linear import Layer
from .single_query import SingleQuery
from .tail import Tail, TailPhases
from .tile import floats
from .work import Phase, on_cores


def compute_block[
    Project: def(Int) -> None
](project: Project, items: Int, cost: Int, all: Heads, tail: Tail):
    """Has the cores compute a block of which every token is wanted.

    Args:
        project: Computes one piece of the queries, keys and values.
        items: How many pieces.
        cost: Multiplications in all of them.
        all: Attention, which reads them.
        tail: What follows it.
    """
    var room = all.scratch_size()
    var projection_phase = Phase(items)
    var attention_phase = Phase(all.items())
    var phases = TailPhases(tail)

    def work(core: Int) {imm, mut projection_phase, mut attention_phase, mut phases}:
        var scratch = List[Float32](unsafe_uninit_length=room)
        var scratch_floats = floats(Int(scratch.unsafe_ptr()))

        def mix(item: Int) {imm}:
            attend(all, item, scratch_floats)

        projection_phase.run(project)
        attention_phase.run(mix)
        tail.run(phases)
        _ = scratch^

    on_cores(work, cost + tail.cost())


@register("distilbert.first_block")
struct FirstBlock:
    """Embeddings, and a block that looks up their projection, see `ProjectedEmbedding`.

    Shapes: ids, words, positions and their norm as for `distilbert.embed`, rows_words `(vocabulary,
    3 * dim)`, rows_positions `(max_position_embeddings, 3 * dim)`, rows_bias `(3 * dim,)`, all else
    as for `distilbert.block`. Results: those of `distilbert.block`, and embedded `(tokens, dim)`.
    """

    @staticmethod
    def execute[
        heads: Int, activation: StaticString, target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        embedded: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        rows: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        mixed: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        attended: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        inner: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        ids: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        words: InputTensor[rank=2, static_spec=_],
        positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        rows_words: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        rows_positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
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
        var projection = ProjectedEmbedding(
            Embedding(embedded, ids, starts, words, positions, gamma, beta, epsilon),
            rows_words,
            rows_positions,
            rows_bias,
            rows,
        )
        var all = Heads(rows, starts, mixed, heads)
        var tail = Tail[activation](
            floats(Int(embedded.unsafe_ptr())),
            all.result,
            result,
            attended,
            inner,
            output_panels,
            output_bias,
            output_gamma,
            output_beta,
            up_panels,
            up_bias,
            down_panels,
            down_bias,
            down_gamma,
            down_beta,
            epsilon,
        )

        def project(item: Int) {imm}:
            projection.compute(item)

        compute_block(project, projection.embedding.items(), projection.embedding.cost(), all, tail)


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
        var x = floats(Int(hidden.unsafe_ptr()))
        var projection = Layer(x, rows_panels, rows_bias, rows)
        var all = Heads(rows, starts, mixed, heads)
        var tail = Tail[activation](
            x,
            all.result,
            result,
            attended,
            inner,
            output_panels,
            output_bias,
            output_gamma,
            output_beta,
            up_panels,
            up_bias,
            down_panels,
            down_bias,
            down_gamma,
            down_beta,
            epsilon,
        )

        def project(item: Int) {imm}:
            projection.compute["none"](item, projection.result)

        compute_block(project, projection.items(), projection.cost(), all, tail)


@register("distilbert.last_block")
struct LastBlock:
    """The last block, for the first token of each sequence only: all that a classifier reads.

    Shapes: hidden and starts as for `distilbert.block`, first `(batch, dim)`, the first token of
    each sequence, keys `(ceil(dim / 64), dim, 64)`, see `SingleQuery`, other panels, biases, gammas
    and betas as for `distilbert.block`. Results: the block's own, queries, mixed and attended
    `(batch, dim)`, sums `(batch, heads * dim)`, inner `(batch, hidden_dim)`.
    """

    @staticmethod
    def execute[
        heads: Int, activation: StaticString, target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        queries: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        sums: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        mixed: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        attended: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        inner: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        hidden: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        first: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        query_panels: InputTensor[rank=3, static_spec=_],
        query_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        keys_panels: InputTensor[rank=3, static_spec=_],
        values_panels: InputTensor[rank=3, static_spec=_],
        values_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
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
        var x = floats(Int(first.unsafe_ptr()))
        var query = Layer(x, query_panels, query_bias, queries)
        var attention = SingleQuery(
            query.result, hidden, starts, keys_panels, values_panels, values_bias, sums, mixed, heads
        )
        var tail = Tail[activation](
            x,
            attention.result,
            result,
            attended,
            inner,
            output_panels,
            output_bias,
            output_gamma,
            output_beta,
            up_panels,
            up_bias,
            down_panels,
            down_bias,
            down_gamma,
            down_beta,
            epsilon,
        )
        var room = attention.scratch_size()
        var query_phase = Phase(query.items())
        var turn_phase = Phase(attention.panel_items())
        var mix_phase = Phase(attention.mix_items())
        var answer_phase = Phase(attention.panel_items())
        var phases = TailPhases(tail)

        def work(
            core: Int
        ) {imm, mut query_phase, mut turn_phase, mut mix_phase, mut answer_phase, mut phases}:
            var scratch = List[Float32](unsafe_uninit_length=room)
            var scratch_floats = floats(Int(scratch.unsafe_ptr()))

            def ask(item: Int) {imm}:
                query.compute["none"](item, query.result)

            def turn(item: Int) {imm}:
                attention.turn(item)

            def mix(item: Int) {imm}:
                attention.mix(item, scratch_floats)

            def answer(item: Int) {imm}:
                attention.answer(item)

            query_phase.run(ask)
            turn_phase.run(turn)
            mix_phase.run(mix)
            answer_phase.run(answer)
            tail.run(phases)
            _ = scratch^

        on_cores(work, query.cost() + attention.cost() + tail.cost())
