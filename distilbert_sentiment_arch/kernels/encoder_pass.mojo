"""A whole pass over codes as one operation: waking the cores takes time, so they stay for all of it."""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext
from std.math import ceildiv

from . import amx as matrix_unit
from .attention import Attention, attend, offsets
from .code_attention import attend_in_bfloat16, code_attention_scratch
from .code_blocks import ROWS_OF_ITEM, Encoder
from .code_linear import CodeLinear
from .codes import ALIGNMENT, Codes
from .embedding import Embedding, ProjectedEmbedding
from .linear import Linear
from .pass_room import Room, Rows
from .single_query import SingleQuery
from .tile import Floats, floats, whole_panels
from .work import Phases, on_cores, spread

comptime PHASES_OF_BLOCK = 9
"""Most phases of a block: attention, what follows it, and the next projection."""
comptime OTHER_PHASES = 12
"""Most phases before the first block, of the last one's attention, and of the head."""


@register("encoder.pass")
struct EncoderPass:
    """Packed token ids to logits, with linear layers over codes.

    Shapes: `ids` `(tokens,)`; `starts` `(batch + 1,)`, where each sequence starts and the last one
    ends; `first_segments` to `beta` as for `encoder.embed`; projected tables and their bias as for
    `encoder.first_block`, in any floating dtype, read where `has_tables`; `first_norm`
    `(2 * padded dim,)`, gamma and beta of the norm before the first block, read where `pre_norm`.
    `padded` means padded with zeros to a multiple of 64.

    Panels `(blocks, ceil(columns / 64), depth bytes / 4, 256)`, int8, or uint8 for the bytes of
    bfloat16 numbers; `qkv_panels` of the blocks that project queries, keys and values for all tokens,
    with `qkv_vectors` `(blocks, 3 * padded columns)`: scales, biases and column sums. For `vectors`
    see `BlockWeights`. The last block computes the first token of each sequence: `query_panels` with
    `query_vectors`, and keys and values as for `encoder.last_block`. The head's layers are as for
    `encoder.linear`.

    Results: logits `(batch, num_labels)`, and room to work in, which `room_bytes` of
    `engine/packed_layers.py` computes.

    Options:
        heads: Number of heads.
        activation: Of the feed-forward.
        head_activation: Between the head's two layers.
        has_types: Whether there are token types.
        has_tables: Whether the first block's queries, keys and values are looked up.
        pre_norm: Whether norms come before attention and feed-forward.
        amx: Whether the matrix unit may be used, where the system allows it.
    """

    @staticmethod
    def execute[
        heads: Int,
        activation: StaticString,
        head_activation: StaticString,
        has_types: Bool,
        has_tables: Bool,
        pre_norm: Bool,
        amx: Bool,
        target: StaticString,
    ](
        logits: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        room: OutputTensor[dtype=DType.uint8, rank=1, static_spec=_],
        ids: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        first_segments: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        words: InputTensor[rank=2, static_spec=_],
        positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        types: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        projected_words: InputTensor[rank=2, static_spec=_],
        projected_positions: InputTensor[
            dtype=projected_words.dtype, rank=2, static_spec=_
        ],
        projected_types: InputTensor[dtype=projected_words.dtype, rank=2, static_spec=_],
        projected_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        first_norm: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        qkv_panels: InputTensor[rank=4, static_spec=_],
        qkv_vectors: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        output_panels: InputTensor[dtype=qkv_panels.dtype, rank=4, static_spec=_],
        up_panels: InputTensor[dtype=qkv_panels.dtype, rank=4, static_spec=_],
        down_panels: InputTensor[dtype=qkv_panels.dtype, rank=4, static_spec=_],
        vectors: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        query_panels: InputTensor[dtype=qkv_panels.dtype, rank=3, static_spec=_],
        query_vectors: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        keys_panels: InputTensor[rank=3, static_spec=_],
        values_panels: InputTensor[rank=3, static_spec=_],
        values_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        dense_panels: InputTensor[rank=3, static_spec=_],
        dense_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        projection_panels: InputTensor[rank=3, static_spec=_],
        projection_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        inner_dim: Int64,
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        comptime dtype = DType.int8 if qkv_panels.dtype == DType.int8 else DType.bfloat16
        var tokens = ids.dim_size(0)
        var batch = logits.dim_size(0)
        var dim = words.dim_size(1)
        var inner = Int(inner_dim)
        var layers = vectors.dim_size(0)
        var memory = Room(Int(room.unsafe_ptr()))
        var rows = Rows[dtype](memory, tokens, dim, inner, pre_norm)
        var firsts = Rows[dtype](memory, batch, dim, inner, pre_norm, rows)
        var sums = memory.numbers(batch * heads * dim)
        var pooled = memory.numbers(batch * dim)
        if memory.needed > room.dim_size(0):
            raise Error(
                t"a pass of {tokens} tokens needs {memory.needed} bytes of room, and has"
                t" {room.dim_size(0)}"
            )

        var embedding = Embedding[has_types](
            rows.hidden,
            ids,
            starts,
            first_segments,
            words,
            positions,
            types,
            gamma,
            beta,
            epsilon,
        )
        var lookup = ProjectedEmbedding(
            embedding,
            projected_words,
            projected_positions,
            projected_types,
            projected_bias,
            rows.qkv,
        )
        var attention = Attention(
            rows.qkv, offsets(starts), rows.mixed, batch, heads, dim // heads
        )
        var query = CodeLinear[dtype](
            Int(query_panels.unsafe_ptr()), floats(query_vectors), rows.codes.stride, dim
        )
        var single_query = SingleQuery[keys_panels.dtype, values_panels.dtype](
            firsts.qkv,
            rows.normed,
            offsets(starts),
            Int(keys_panels.unsafe_ptr()),
            Int(values_panels.unsafe_ptr()),
            floats(values_bias),
            sums,
            firsts.mixed,
            batch,
            heads,
            dim,
        )
        var dense = Linear[dense_panels.dtype](
            firsts.normed,
            Int(dense_panels.unsafe_ptr()),
            floats(dense_bias),
            pooled,
            batch,
            dim,
            dim,
        )
        var head = Linear[projection_panels.dtype](
            pooled,
            Int(projection_panels.unsafe_ptr()),
            floats(projection_bias),
            floats(logits),
            batch,
            dim,
            logits.dim_size(1),
        )
        var before_blocks = floats(first_norm)
        var phases = Phases(layers * PHASES_OF_BLOCK + OTHER_PHASES)

        def run[matrix: Bool]() {imm, mut phases}:
            var encoder = Encoder[dtype, matrix, pre_norm, activation](
                rows,
                Int(output_panels.unsafe_ptr()),
                Int(up_panels.unsafe_ptr()),
                Int(down_panels.unsafe_ptr()),
                floats(vectors),
                Int(qkv_panels.unsafe_ptr()),
                floats(qkv_vectors),
                layers,
                1 if has_tables else 0,
                dim,
                inner,
                epsilon,
            )
            var of_attention = attention.scratch_size()
            comptime if dtype == DType.bfloat16:
                of_attention = code_attention_scratch(attention)
            var scratch_size = max(
                encoder.scratch_size(), max(of_attention, single_query.scratch_size())
            )

            def work(core: Int) {imm, mut phases}:
                comptime if matrix:
                    matrix_unit.begin()
                var memory = List[Float32](unsafe_uninit_length=scratch_size + ALIGNMENT)
                var scratch = floats(
                    (Int(memory.unsafe_ptr()) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
                )
                var phase = 0

                def embed(item: Int) {imm}:
                    def enter(token: Int, place: Int, token_type: Int, scale: Float32) {imm}:
                        encoder.enter(rows, before_blocks, token)

                    comptime if has_tables:
                        lookup.compute(item)
                    else:
                        embedding.compute(item, enter)

                def attend_item(item: Int) {imm}:
                    var head = spread(item, attention.items())
                    comptime if dtype == DType.bfloat16:
                        attend_in_bfloat16[matrix](attention, head, scratch)
                    else:
                        attend(attention, head, scratch)

                def gather(item: Int) {imm}:
                    for sequence in range(
                        item * ROWS_OF_ITEM, min(batch, (item + 1) * ROWS_OF_ITEM)
                    ):
                        firsts.copy_row(sequence, rows, Int(starts.unsafe_ptr()[unsafe_offset=sequence]), dim)

                def compute_query(item: Int) {imm}:
                    query.compute[matrix, "none"](
                        firsts.codes, item, 0, batch, firsts.qkv, firsts.qkv, scratch
                    )

                def fold_queries(item: Int) {imm}:
                    single_query.fold_queries(item)

                def sum_tokens(item: Int) {imm}:
                    single_query.sum_tokens(item, scratch)

                def project_sums(item: Int) {imm}:
                    single_query.project_sums(item)

                def compute_dense(item: Int) {imm}:
                    dense.compute[head_activation](item, pooled, pooled)

                def compute_logits(item: Int) {imm}:
                    head.compute["none"](item, pooled, pooled)

                phases.run(phase, embedding.items(), embed)
                phase += 1
                comptime if not has_tables:
                    if layers > 1:
                        encoder.project(0, phases, phase, scratch)
                for layer in range(layers - 1):
                    phases.run(phase, attention.items(), attend_item)
                    phase += 1
                    encoder.tail(rows, layer, layer + 1 < layers - 1, phases, phase, scratch)
                phases.run(phase, ceildiv(batch, ROWS_OF_ITEM), gather)
                phases.run(phase + 1, query.panel_count(), compute_query)
                phases.run(phase + 2, single_query.panel_items(), fold_queries)
                phases.run(phase + 3, single_query.sum_items(), sum_tokens)
                phases.run(phase + 4, single_query.panel_items(), project_sums)
                phase += 5
                encoder.tail(firsts, layers - 1, False, phases, phase, scratch)
                phases.run(phase, dense.items(), compute_dense)
                phases.run(phase + 1, head.items(), compute_logits)
                comptime if matrix:
                    matrix_unit.end()
                _ = memory^

            on_cores(work, encoder.cost())

        comptime if amx:
            if matrix_unit.permitted():
                run[True]()
                return
        run[False]()
