"""A transformer block as one operation: waking the cores takes time, so they stay for all of it."""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext

from .attention import Attention, DistanceBiases, attend
from .embedding import Embedding, ProjectedEmbedding
from .linear import Linear
from .single_query import SingleQuery
from .split_products import new_scratch
from .tail import Tail, TailPhases
from .tile import Floats, floats
from .work import Phase, on_cores


def compute_block[
    Project: def(Int, Floats) -> None, Attend: def(Int, Floats) -> None
](
    project: Project,
    projection_items: Int,
    attend: Attend,
    attention_items: Int,
    scratch_size: Int,
    linear_scratch_size: Int,
    cost: Int,
    tail: Tail,
):
    """Computes a block for all tokens, on one core or all of them.

    Args:
        project: Computes one piece of what attention reads, with room for `linear_scratch_size`.
        projection_items: Number of these pieces.
        attend: Computes one piece of attention's result, with room for `scratch_size` floats.
        attention_items: Number of these pieces.
        scratch_size: Floats.
        linear_scratch_size: Floats.
        cost: Multiplications in all pieces of `project`.
        tail: Follows attention.
    """
    var projection_phase = Phase(projection_items)
    var attention_phase = Phase(attention_items)
    var tail_phases = TailPhases(tail)

    def work(core: Int) {imm, mut projection_phase, mut attention_phase, mut tail_phases}:
        var scratch = List[Float32](unsafe_uninit_length=scratch_size)
        var scratch_floats = floats(Int(scratch.unsafe_ptr()))

        var linear = new_scratch(max(linear_scratch_size, tail.scratch_size()))
        var linear_floats = floats(Int(linear.unsafe_ptr()))

        def project_item(item: Int) {imm}:
            project(item, linear_floats)

        def attend_item(item: Int) {imm}:
            attend(item, scratch_floats)

        projection_phase.run(project_item)
        attention_phase.run(attend_item)
        tail.run(tail_phases, linear_floats)
        _ = scratch^
        _ = linear^

    on_cores(work, cost + tail.cost())


@register("encoder.first_block")
struct FirstBlock:
    """Embeddings and the first block, whose queries, keys and values are looked up; post-norm.

    See `ProjectedEmbedding` for the tables. Shapes: ids to beta as for `encoder.embed`,
    projected_words `(vocab_size, 3 * dim)`, projected_positions `(max_position_embeddings, 3 * dim)`,
    projected_types `(type_vocab_size, 3 * dim)`, projected_bias `(3 * dim,)`, all others as for
    `encoder.block`. Where `has_types` is false, first_segments, types and projected_types are not
    read. Results: those of `encoder.block`, and embedded `(tokens, dim)`.
    """

    @staticmethod
    def execute[
        heads: Int, activation: StaticString, has_types: Bool, target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        embedded: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        qkv: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        mixed: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        attended: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        inner: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        ids: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        first_segments: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        words: InputTensor[rank=2, static_spec=_],
        positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        types: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        projected_words: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        projected_positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        projected_types: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        projected_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        output_panels: InputTensor[rank=3, static_spec=_],
        up_panels: InputTensor[rank=3, static_spec=_],
        down_panels: InputTensor[rank=3, static_spec=_],
        vectors: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        var projection = ProjectedEmbedding(
            Embedding[has_types](
                embedded, ids, starts, first_segments, words, positions, types, gamma, beta, epsilon
            ),
            projected_words,
            projected_positions,
            projected_types,
            projected_bias,
            floats(qkv),
        )
        var attention = Attention(qkv, starts, mixed, heads)
        var tail = Tail[False, activation](
            floats(embedded),
            attention.result,
            result,
            attended,
            inner,
            output_panels,
            up_panels,
            down_panels,
            vectors,
            epsilon,
        )

        def project(item: Int, scratch: Floats) {imm}:
            projection.compute(item)

        def attend_item(item: Int, scratch: Floats) {imm}:
            attend(attention, item, scratch)

        var embedding = projection.embedding
        compute_block(
            project,
            embedding.items(),
            attend_item,
            attention.items(),
            attention.scratch_size(),
            0,
            embedding.cost(),
            tail,
        )


@register("encoder.block")
struct TransformerBlock:
    """Attention and feed-forward for all tokens, each with its residual and norm, see `Tail`.

    Shapes: hidden `(tokens, dim)`, what attention reads; residual `(tokens, dim)`, what is added after
    it: post-norm, the same tensor; pre-norm, the one whose norm `hidden` is. starts `(batch + 1,)`,
    where each sequence starts and the last one ends; panels as for `encoder.linear`,
    those of queries, keys and values side by side, with `qkv_bias` as long as they are wide;
    vectors as `Tail` says; biases as `DistanceBiases` says, not read where not `has_biases`. Results:
    the block's own `(tokens, dim)`, and room for what lies on the way: qkv `(tokens, 3 * dim)`, mixed
    and attended `(tokens, dim)`, inner `(tokens, inner_dim)`.
    """

    @staticmethod
    def execute[
        heads: Int,
        activation: StaticString,
        pre_norm: Bool,
        has_biases: Bool,
        target: StaticString,
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        qkv: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        mixed: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        attended: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        inner: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        hidden: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        residual: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        qkv_panels: InputTensor[rank=3, static_spec=_],
        qkv_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        biases: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        output_panels: InputTensor[rank=3, static_spec=_],
        up_panels: InputTensor[rank=3, static_spec=_],
        down_panels: InputTensor[rank=3, static_spec=_],
        vectors: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        var projection = Linear(floats(hidden), qkv_panels, floats(qkv_bias), qkv)
        var added = DistanceBiases()
        comptime if has_biases:
            added = DistanceBiases(biases)
        var attention = Attention(qkv, starts, mixed, heads, added)
        var tail = Tail[pre_norm, activation](
            floats(residual),
            attention.result,
            result,
            attended,
            inner,
            output_panels,
            up_panels,
            down_panels,
            vectors,
            epsilon,
        )

        def project(item: Int, scratch: Floats) {imm}:
            projection.compute["none"](item, projection.result, scratch)

        def attend_item(item: Int, scratch: Floats) {imm}:
            attend(attention, item, scratch)

        compute_block(
            project,
            projection.items(),
            attend_item,
            attention.items(),
            attention.scratch_size(),
            projection.scratch_size(),
            projection.cost(),
            tail,
        )


@register("encoder.last_block")
struct LastBlock:
    """The last block, for the first token of each sequence: a classification head reads no other.

    Shapes: hidden `(tokens, dim)` and starts as for `encoder.block`; first_hidden and first_residual
    `(batch, dim)`, the first token of each sequence in what `encoder.block` calls hidden and residual;
    keys_panels `(ceil(dim / 64), dim, 64)`, see `SingleQuery`; biases, other panels and vectors as
    for `encoder.block`. Results: the block's own `(batch, dim)`, and room for what lies on the way:
    queries, mixed and attended `(batch, dim)`, sums `(batch, heads * dim)`, inner `(batch, inner_dim)`.
    """

    @staticmethod
    def execute[
        heads: Int,
        activation: StaticString,
        pre_norm: Bool,
        has_biases: Bool,
        target: StaticString,
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        queries: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        sums: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        mixed: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        attended: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        inner: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        hidden: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        first_hidden: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        first_residual: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        query_panels: InputTensor[rank=3, static_spec=_],
        query_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        keys_panels: InputTensor[rank=3, static_spec=_],
        values_panels: InputTensor[rank=3, static_spec=_],
        values_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        biases: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        output_panels: InputTensor[rank=3, static_spec=_],
        up_panels: InputTensor[rank=3, static_spec=_],
        down_panels: InputTensor[rank=3, static_spec=_],
        vectors: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        var query = Linear(floats(first_hidden), query_panels, floats(query_bias), queries)
        var added = DistanceBiases()
        comptime if has_biases:
            added = DistanceBiases(biases)
        var attention = SingleQuery(
            query.result,
            hidden,
            starts,
            keys_panels,
            values_panels,
            floats(values_bias),
            sums,
            mixed,
            heads,
            added,
        )
        var tail = Tail[pre_norm, activation](
            floats(first_residual),
            attention.result,
            result,
            attended,
            inner,
            output_panels,
            up_panels,
            down_panels,
            vectors,
            epsilon,
        )
        var scratch_size = attention.scratch_size()
        var query_phase = Phase(query.items())
        var fold_phase = Phase(attention.panel_items())
        var sum_phase = Phase(attention.sum_items())
        var value_phase = Phase(attention.panel_items())
        var tail_phases = TailPhases(tail)

        def work(
            core: Int
        ) {imm, mut query_phase, mut fold_phase, mut sum_phase, mut value_phase, mut tail_phases}:
            var scratch = List[Float32](unsafe_uninit_length=scratch_size)
            var scratch_floats = floats(Int(scratch.unsafe_ptr()))

            var linear = new_scratch(max(query.scratch_size(), tail.scratch_size()))
            var linear_floats = floats(Int(linear.unsafe_ptr()))

            def compute_query(item: Int) {imm}:
                query.compute["none"](item, query.result, linear_floats)

            def fold_queries(item: Int) {imm}:
                attention.fold_queries(item)

            def sum_tokens(item: Int) {imm}:
                attention.sum_tokens(item, scratch_floats)

            def project_sums(item: Int) {imm}:
                attention.project_sums(item)

            query_phase.run(compute_query)
            fold_phase.run(fold_queries)
            sum_phase.run(sum_tokens)
            value_phase.run(project_sums)
            tail.run(tail_phases, linear_floats)
            _ = scratch^
            _ = linear^

        on_cores(work, query.cost() + attention.cost() + tail.cost())
