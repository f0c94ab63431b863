"""Token ids to normalised embeddings."""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext
from std.math import ceildiv

from .norm import BLOCK, Norm
from .tile import VEC, floats
from .work import Phase, on_cores


@register("distilbert.embed")
struct EmbedTokens:
    """`layer_norm(words[id] + positions[place in its sequence])` for each token.

    Shapes: ids `(tokens,)`, offsets `(batch + 1,)` where each sequence starts and the last one
    ends, words `(vocabulary, columns)` in float32 or float16, positions
    `(max_position_embeddings, columns)`, result `(tokens, columns)`. Ids and lengths are checked
    before they come here.
    """

    @staticmethod
    def execute[
        target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        ids: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        offsets: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        words: InputTensor[rank=2, static_spec=_],
        positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        comptime Words = Pointer[Scalar[words.dtype], MutUntrackedOrigin]
        comptime Ids = Pointer[Int64, MutUntrackedOrigin]
        var tokens = ids.dim_size(0)
        var columns = result.dim_size(1)
        var sequences = offsets.dim_size(0) - 1
        var id = Ids(unsafe_from_address=Int(ids.unsafe_ptr()))
        var start = Ids(unsafe_from_address=Int(offsets.unsafe_ptr()))
        var word = Words(unsafe_from_address=Int(words.unsafe_ptr()))
        var position = floats(Int(positions.unsafe_ptr()))
        var embedded = floats(Int(result.unsafe_ptr()))
        var norm = Norm(
            embedded,
            floats(Int(gamma.unsafe_ptr())),
            floats(Int(beta.unsafe_ptr())),
            tokens,
            columns,
            epsilon,
        )
        var phase = Phase(norm.items())

        def work(core: Int) {imm, mut phase}:
            def item(index: Int) {imm}:
                var first = index * BLOCK
                var sequence = 0
                for token in range(first, min(tokens, first + BLOCK)):
                    while Int(start[unsafe_offset=sequence + 1]) <= token:
                        sequence += 1
                    var place = token - Int(start[unsafe_offset=sequence])
                    var row = embedded.unsafe_offset(token * columns)
                    var from_word = word.unsafe_offset(Int(id[unsafe_offset=token]) * columns)
                    var from_position = position.unsafe_offset(place * columns)
                    var column = 0
                    while column + VEC <= columns:
                        row.unsafe_offset(column).unsafe_store(
                            from_word.unsafe_offset(column)
                            .unsafe_load[width=VEC]()
                            .cast[DType.float32]()
                            + from_position.unsafe_offset(column).unsafe_load[width=VEC]()
                        )
                        column += VEC
                    for rest in range(column, columns):
                        row[unsafe_offset=rest] = (
                            from_word[unsafe_offset=rest].cast[DType.float32]()
                            + from_position[unsafe_offset=rest]
                        )
                norm.compute(index)

            phase.run(item)

        # A column costs about as much here as eight multiplications of a product.
        on_cores(work, tokens * columns * 8)
