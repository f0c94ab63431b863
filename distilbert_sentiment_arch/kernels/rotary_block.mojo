"""Blocks with rotary positions and a gated feed-forward, a norm before each part, as one operation."""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext

from .attention import offsets
from .linear import Linear
from .norm import Norm
from .rotary import RotaryAttention
from .rotary_query import RotaryQuery
from .single_query import SingleQuery
from .split_products import new_scratch
from .tail import Tail, TailPhases
from .tile import floats
from .work import Phase, on_cores


@register("encoder.rotary_block")
struct RotaryBlock:
    """Norm, attention, norm and gated feed-forward for all tokens, each with its residual, see `Tail`.

    Shapes: hidden `(tokens, dim)`; starts `(batch + 1,)`, where each sequence starts and the last one
    ends; positions `(max_position_embeddings, head_dim)`, see `RotaryAttention`; gamma and beta
    `(dim,)`, of the norm before attention, not read where `has_norm` is false; distance, how far away
    the tokens are at most that a token reads; panels as for `encoder.linear`,
    those of queries, keys and values side by side, those of up gated; vectors as `Tail` says. Results:
    the block's own `(tokens, dim)`, and room for what lies on the way: qkv `(tokens, 3 * dim)`, mixed
    and attended `(tokens, dim)`, inner `(tokens, inner_dim)`.
    """

    @staticmethod
    def execute[
        heads: Int, activation: StaticString, has_norm: Bool, target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        qkv: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        mixed: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        attended: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        inner: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        hidden: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        distance: Int64,
        qkv_panels: InputTensor[rank=3, static_spec=_],
        qkv_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        output_panels: InputTensor[rank=3, static_spec=_],
        up_panels: InputTensor[rank=3, static_spec=_],
        down_panels: InputTensor[rank=3, static_spec=_],
        vectors: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        var rows = hidden.dim_size(0)
        var dim = hidden.dim_size(1)
        # Attention writes its result over what the projection has read by then.
        var normed = floats(mixed) if has_norm else floats(hidden)
        var norm = Norm(floats(hidden), normed, floats(gamma), floats(beta), rows, dim, epsilon)
        var projection = Linear(normed, qkv_panels, floats(qkv_bias), qkv)
        var attention = RotaryAttention(
            floats(qkv),
            offsets(starts),
            floats(positions),
            floats(mixed),
            starts.dim_size(0) - 1,
            heads,
            dim // heads,
            Int(distance),
        )
        var tail = Tail[True, activation, gated=True](
            floats(hidden),
            floats(mixed),
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
        var norm_phase = Phase(norm.items() if has_norm else 0)
        var projection_phase = Phase(projection.items())
        var attention_phase = Phase(attention.items())
        var tail_phases = TailPhases(tail)

        def work(
            core: Int
        ) {imm, mut norm_phase, mut projection_phase, mut attention_phase, mut tail_phases}:
            var scratch = List[Float32](unsafe_uninit_length=scratch_size)
            var scratch_floats = floats(Int(scratch.unsafe_ptr()))

            def normalise(item: Int) {imm}:
                norm.compute(item)

            var linear = new_scratch(max(projection.scratch_size(), tail.scratch_size()))
            var linear_floats = floats(Int(linear.unsafe_ptr()))

            def project(item: Int) {imm}:
                projection.compute["none"](item, projection.result, linear_floats)

            def attend(item: Int) {imm}:
                attention.attend(item, scratch_floats)

            norm_phase.run(normalise)
            projection_phase.run(project)
            attention_phase.run(attend)
            tail.run(tail_phases, linear_floats)
            _ = scratch^
            _ = linear^

        on_cores(work, projection.cost() + tail.cost())


@register("encoder.rotary_last_block")
struct RotaryLastBlock:
    """The last block, for the first token of each sequence: a head on it reads no other.

    Shapes: first_hidden `(batch, dim)`, the first token of each sequence in hidden; panels and biases
    of queries, keys and values apart; all others as for `encoder.rotary_block`. Results: the block's
    own `(batch, dim)`, and room for what lies on the way: normed and keys `(tokens, dim)`,
    first_normed and queries `(batch, dim)`, sums `(batch, heads * dim)`, mixed and attended
    `(batch, dim)`, inner `(batch, inner_dim)`.
    """

    @staticmethod
    def execute[
        heads: Int, activation: StaticString, has_norm: Bool, target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        normed: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        keys: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        first_normed: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        queries: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        sums: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        mixed: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        attended: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        inner: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        hidden: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        first_hidden: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        distance: Int64,
        query_panels: InputTensor[rank=3, static_spec=_],
        query_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        keys_panels: InputTensor[rank=3, static_spec=_],
        keys_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        values_panels: InputTensor[rank=3, static_spec=_],
        values_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        output_panels: InputTensor[rank=3, static_spec=_],
        up_panels: InputTensor[rank=3, static_spec=_],
        down_panels: InputTensor[rank=3, static_spec=_],
        vectors: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        var tokens = hidden.dim_size(0)
        var batch = first_hidden.dim_size(0)
        var dim = hidden.dim_size(1)
        var x = floats(normed) if has_norm else floats(hidden)
        var first = floats(first_normed) if has_norm else floats(first_hidden)
        var norm = Norm(floats(hidden), x, floats(gamma), floats(beta), tokens, dim, epsilon)
        var first_norm = Norm(
            floats(first_hidden), first, floats(gamma), floats(beta), batch, dim, epsilon
        )
        var key = Linear(x, keys_panels, floats(keys_bias), keys)
        var query = Linear(first, query_panels, floats(query_bias), queries)
        var values = Int(values_panels.unsafe_ptr())
        var single = SingleQuery[values_panels.dtype, values_panels.dtype](
            query.result,
            x,
            offsets(starts),
            values,
            values,
            floats(values_bias),
            floats(sums),
            floats(mixed),
            batch,
            heads,
            dim,
        )
        var attention = RotaryQuery(single, key.result, floats(positions), Int(distance))
        var tail = Tail[True, activation, gated=True](
            floats(first_hidden),
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
        var norm_phase = Phase(norm.items() if has_norm else 0)
        var first_norm_phase = Phase(first_norm.items() if has_norm else 0)
        var key_phase = Phase(key.items())
        var query_phase = Phase(query.items())
        var sum_phase = Phase(single.sum_items())
        var value_phase = Phase(single.panel_items())
        var tail_phases = TailPhases(tail)

        def work(
            core: Int
        ) {
            imm,
            mut norm_phase,
            mut first_norm_phase,
            mut key_phase,
            mut query_phase,
            mut sum_phase,
            mut value_phase,
            mut tail_phases,
        }:
            var scratch = List[Float32](unsafe_uninit_length=scratch_size)
            var scratch_floats = floats(Int(scratch.unsafe_ptr()))

            def normalise(item: Int) {imm}:
                norm.compute(item)

            def normalise_first(item: Int) {imm}:
                first_norm.compute(item)

            var linear = new_scratch(
                max(query.scratch_size(), key.scratch_size(), tail.scratch_size())
            )
            var linear_floats = floats(Int(linear.unsafe_ptr()))

            def compute_keys(item: Int) {imm}:
                key.compute["none"](item, key.result, linear_floats)

            def compute_query(item: Int) {imm}:
                query.compute["none"](item, query.result, linear_floats)

            def sum_tokens(item: Int) {imm}:
                attention.sum_tokens(item, scratch_floats)

            def project_sums(item: Int) {imm}:
                single.project_sums(item)

            norm_phase.run(normalise)
            first_norm_phase.run(normalise_first)
            key_phase.run(compute_keys)
            query_phase.run(compute_query)
            sum_phase.run(sum_tokens)
            value_phase.run(project_sums)
            tail.run(tail_phases, linear_floats)
            _ = scratch^
            _ = linear^

        on_cores(work, key.cost() + query.cost() + single.cost() + tail.cost())
