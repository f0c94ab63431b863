"""Transformer blocks with disentangled attention, each as one operation."""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext

from .attention import Attention
from .block import compute_block
from .disentangled import Disentangled
from .disentangled_query import DisentangledQuery
from .linear import Linear
from .single_query import SingleQuery
from .split_products import new_scratch
from .tail import Tail, TailPhases
from .tile import Floats, floats
from .work import Phase, on_cores


@register("encoder.disentangled_block")
struct DisentangledBlock:
    """Disentangled attention and feed-forward for all tokens.

    Shapes: position_keys and position_queries `(heads * panels, head_dim, 64)`, see `Disentangled`;
    where one of the two does not exist, any tensor of that rank. All others as for `encoder.block`.
    """

    @staticmethod
    def execute[
        heads: Int,
        activation: StaticString,
        pre_norm: Bool,
        content_to_position: Bool,
        position_to_content: Bool,
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
        position_keys: InputTensor[dtype=DType.float32, rank=3, static_spec=_],
        position_queries: InputTensor[dtype=DType.float32, rank=3, static_spec=_],
        output_panels: InputTensor[rank=3, static_spec=_],
        up_panels: InputTensor[rank=3, static_spec=_],
        down_panels: InputTensor[rank=3, static_spec=_],
        vectors: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        var projection = Linear(floats(hidden), qkv_panels, floats(qkv_bias), qkv)
        var attention = Disentangled[content_to_position, position_to_content](
            Attention(qkv, starts, mixed, heads), position_keys, position_queries
        )
        var tail = Tail[pre_norm, activation](
            floats(residual),
            attention.attention.result,
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
            attention.attend(item, scratch)

        compute_block(
            project,
            projection.items(),
            attend_item,
            attention.attention.items(),
            attention.scratch_size(),
            projection.scratch_size(),
            projection.cost(),
            tail,
        )


@register("encoder.disentangled_last_block")
struct DisentangledLastBlock:
    """The last block, for the first token of each sequence: a classification head reads no other.

    Shapes: position_keys and position_queries `(max_position_embeddings, dim)`, see
    `DisentangledQuery`; where one of the two does not exist, any tensor of that rank. Panels and
    biases of queries, keys and values as for `encoder.linear`, all others as for `encoder.last_block`.
    Results: those of `encoder.last_block`, and behind the queries, keys `(tokens, dim)`.
    """

    @staticmethod
    def execute[
        heads: Int,
        activation: StaticString,
        pre_norm: Bool,
        content_to_position: Bool,
        position_to_content: Bool,
        target: StaticString,
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        queries: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        keys: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
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
        key_panels: InputTensor[rank=3, static_spec=_],
        key_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        values_panels: InputTensor[rank=3, static_spec=_],
        values_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        position_keys: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        position_queries: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        output_panels: InputTensor[rank=3, static_spec=_],
        up_panels: InputTensor[rank=3, static_spec=_],
        down_panels: InputTensor[rank=3, static_spec=_],
        vectors: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        var query = Linear(floats(first_hidden), query_panels, floats(query_bias), queries)
        var key = Linear(floats(hidden), key_panels, floats(key_bias), keys)
        var single = SingleQuery(
            query.result,
            hidden,
            starts,
            values_panels,  # in place of the weights of keys, which are not read
            values_panels,
            floats(values_bias),
            sums,
            mixed,
            heads,
        )
        var attention = DisentangledQuery[content_to_position, position_to_content](
            single, keys, position_keys, position_queries
        )
        var tail = Tail[pre_norm, activation](
            floats(first_residual),
            single.result,
            result,
            attended,
            inner,
            output_panels,
            up_panels,
            down_panels,
            vectors,
            epsilon,
        )
        var scratch_size = single.scratch_size()
        var query_phase = Phase(query.items())
        var key_phase = Phase(key.items())
        var sum_phase = Phase(single.sum_items())
        var value_phase = Phase(single.panel_items())
        var tail_phases = TailPhases(tail)

        def work(
            core: Int
        ) {imm, mut query_phase, mut key_phase, mut sum_phase, mut value_phase, mut tail_phases}:
            var scratch = List[Float32](unsafe_uninit_length=scratch_size)
            var scratch_floats = floats(Int(scratch.unsafe_ptr()))

            var linear = new_scratch(
                max(query.scratch_size(), key.scratch_size(), tail.scratch_size())
            )
            var linear_floats = floats(Int(linear.unsafe_ptr()))

            def compute_query(item: Int) {imm}:
                query.compute["none"](item, query.result, linear_floats)

            def compute_keys(item: Int) {imm}:
                key.compute["none"](item, key.result, linear_floats)

            def sum_tokens(item: Int) {imm}:
                attention.sum_tokens(item, scratch_floats)

            def project_sums(item: Int) {imm}:
                single.project_sums(item)

            query_phase.run(compute_query)
            key_phase.run(compute_keys)
            sum_phase.run(sum_tokens)
            value_phase.run(project_sums)
            tail.run(tail_phases, linear_floats)
            _ = scratch^
            _ = linear^

        on_cores(work, query.cost() + key.cost() + single.cost() + tail.cost())
