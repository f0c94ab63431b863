"""Token ids to normalised embeddings, and to the first block's projection of these."""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext

from .attention import Offsets, offsets
from .norm import BLOCK, Norm
from .tile import VEC, Floats, floats, load_columns, store_columns
from .work import Phase, on_cores


struct Embedding[has_types: Bool, dtype: DType, has_positions: Bool = True](ImplicitlyCopyable):
    """`layer_norm(words[id] + positions[place in its sequence] + types[token type])` of each token.

    Parameters:
        has_types: Whether there are token types; where not, `first_segments` and `types` are not
            read and may be any tensors.
        dtype: Of the words.
        has_positions: Whether positions have an embedding; where not, `positions` is not read.

    Attributes:
        ids: `(tokens,)`.
        starts: Where each sequence starts, and where the last one ends.
        first_segments: `(batch,)`, how many tokens at the start of each sequence have type 0; the
            others have type 1.
        words: `(vocab_size, dim)`.
        positions: `(max_position_embeddings, dim)`.
        types: `(type_vocab_size, dim)`, at least two rows.
        norm: Of the result, `(tokens, dim)`.
    """

    var ids: Offsets
    var starts: Offsets
    var first_segments: Offsets
    var words: Pointer[Scalar[Self.dtype], MutUntrackedOrigin]
    var positions: Floats
    var types: Floats
    var norm: Norm

    def __init__(
        out self,
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        ids: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        first_segments: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        words: InputTensor[dtype=Self.dtype, rank=2, static_spec=_],
        positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        types: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
    ):
        self = Self(
            floats(result),
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

    def __init__(
        out self,
        result: Floats,
        ids: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        first_segments: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        words: InputTensor[dtype=Self.dtype, rank=2, static_spec=_],
        positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        types: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
    ):
        self.ids = offsets(ids)
        self.starts = offsets(starts)
        self.first_segments = offsets(first_segments)
        self.words = Pointer[Scalar[Self.dtype], MutUntrackedOrigin](
            unsafe_from_address=Int(words.unsafe_ptr())
        )
        self.positions = floats(positions)
        self.types = floats(types)
        self.norm = Norm(
            result,
            result,
            floats(gamma),
            floats(beta),
            ids.dim_size(0),
            gamma.dim_size(0),
            epsilon,
        )

    def items(self) -> Int:
        """Returns the pieces of work: blocks of tokens."""
        return self.norm.items()

    def cost(self) -> Int:
        """Returns the multiplications."""
        return self.norm.cost()

    def compute[Then: def(Int, Int, Int, Float32) -> None](self, item: Int, then: Then):
        """Computes one block of tokens.

        Args:
            item: Which block.
            then: Called for each token with its row, its place in its sequence, its type, and the
                `1 / sqrt(variance + epsilon)` of its norm.
        """
        var first = item * BLOCK
        var sequence = 0
        for token in range(first, min(self.norm.rows, first + BLOCK)):
            while Int(self.starts[unsafe_offset=sequence + 1]) <= token:
                sequence += 1
            var place = token - Int(self.starts[unsafe_offset=sequence])
            var token_type = 0
            comptime if Self.has_types:
                token_type = Int(place >= Int(self.first_segments[unsafe_offset=sequence]))
            self.add(token, place, token_type)
            then(token, place, token_type, self.norm.row(token))

    def add(self, token: Int, place: Int, token_type: Int):
        """Adds up a token's word, position and type."""
        var columns = self.norm.columns
        var result = self.norm.result.unsafe_offset(token * columns)
        var word = self.words.unsafe_offset(Int(self.ids[unsafe_offset=token]) * columns)
        var position = self.positions.unsafe_offset(place * columns)
        var type_row = self.types.unsafe_offset(token_type * columns)
        var column = 0
        while column + VEC <= columns:
            var sum = word.unsafe_offset(column).unsafe_load[width=VEC]().cast[DType.float32]()
            comptime if Self.has_positions:
                sum += position.unsafe_offset(column).unsafe_load[width=VEC]()
            comptime if Self.has_types:
                sum += type_row.unsafe_offset(column).unsafe_load[width=VEC]()
            result.unsafe_offset(column).unsafe_store(sum)
            column += VEC
        for rest in range(column, columns):
            var sum = word[unsafe_offset=rest].cast[DType.float32]()
            comptime if Self.has_positions:
                sum += position[unsafe_offset=rest]
            comptime if Self.has_types:
                sum += type_row[unsafe_offset=rest]
            result[unsafe_offset=rest] = sum


struct ProjectedEmbedding[has_types: Bool, dtype: DType, table_dtype: DType](ImplicitlyCopyable):
    """Embeddings, and the first block's queries, keys and values of them, looked up in tables.

    After the mean is subtracted, the norm multiplies a token by one number, `1 / sqrt(variance +
    epsilon)`. So the projection of a token is that number times the sum of the projections of its
    word, its position and its type, each without its mean and multiplied by gamma. These are computed
    for all words, positions and types when the weights are loaded.

    Attributes:
        embedding: Of the tokens.
        words: `(vocab_size, columns)`, projected, as are the next two; in any dtype.
        positions: `(max_position_embeddings, columns)`, projected.
        types: `(type_vocab_size, columns)`, projected; not read without token types.
        bias: The projection of beta plus the projection's own bias, `(columns,)`.
        result: `(tokens, columns)`.
        columns: Columns.
    """

    var embedding: Embedding[Self.has_types, Self.dtype]
    var words: Pointer[Scalar[Self.table_dtype], MutUntrackedOrigin]
    var positions: Pointer[Scalar[Self.table_dtype], MutUntrackedOrigin]
    var types: Pointer[Scalar[Self.table_dtype], MutUntrackedOrigin]
    var bias: Floats
    var result: Floats
    var columns: Int

    def __init__(
        out self,
        embedding: Embedding[Self.has_types, Self.dtype],
        words: InputTensor[dtype=Self.table_dtype, rank=2, static_spec=_],
        positions: InputTensor[dtype=Self.table_dtype, rank=2, static_spec=_],
        types: InputTensor[dtype=Self.table_dtype, rank=2, static_spec=_],
        bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        result: Floats,
    ):
        """Arg `result` has as many columns as `bias`."""
        self.embedding = embedding
        comptime Table = Pointer[Scalar[Self.table_dtype], MutUntrackedOrigin]
        self.words = Table(unsafe_from_address=Int(words.unsafe_ptr()))
        self.positions = Table(unsafe_from_address=Int(positions.unsafe_ptr()))
        self.types = Table(unsafe_from_address=Int(types.unsafe_ptr()))
        self.bias = floats(bias)
        self.result = result
        self.columns = bias.dim_size(0)

    def compute(self, item: Int):
        """Computes one block of tokens: their embeddings, and the projection of these."""

        def project(token: Int, place: Int, token_type: Int, scale: Float32) {imm}:
            self.project(token, place, token_type, scale)

        self.embedding.compute(item, project)

    def project(self, token: Int, place: Int, token_type: Int, scale: Float32):
        """Computes the projection of one token."""
        var columns = self.columns
        var result = self.result.unsafe_offset(token * columns)
        var word = self.words.unsafe_offset(
            Int(self.embedding.ids[unsafe_offset=token]) * columns
        )
        var position = self.positions.unsafe_offset(place * columns)
        var type_row = self.types.unsafe_offset(token_type * columns)
        for c in range(0, columns, VEC):
            var width = columns - c
            var sum = load_columns(word.unsafe_offset(c), width) + load_columns(
                position.unsafe_offset(c), width
            )
            comptime if Self.has_types:
                sum += load_columns(type_row.unsafe_offset(c), width)
            var bias = load_columns(self.bias.unsafe_offset(c), width)
            store_columns(result.unsafe_offset(c), sum.fma(scale, bias), width)


@register("encoder.embed")
struct EmbedTokens:
    """Normalised embeddings of tokens.

    Shapes: ids `(tokens,)`, starts `(batch + 1,)` where each sequence starts and the last one ends,
    first_segments `(batch,)` how many of its tokens have type 0, words `(vocab_size, dim)` in float32
    or float16, positions `(max_position_embeddings, dim)`, types `(type_vocab_size, dim)`, gamma and
    beta `(dim,)`, result `(tokens, dim)`. Where `has_types` is false, first_segments and types are
    not read: any tensors of their ranks and dtypes may take their place; nor is positions where
    `has_positions` is false.

    Ids and lengths are checked by the caller.
    """

    @staticmethod
    def execute[
        has_types: Bool, has_positions: Bool, target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        ids: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        first_segments: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        words: InputTensor[rank=2, static_spec=_],
        positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        types: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        var embedding = Embedding[has_types, has_positions=has_positions](
            result, ids, starts, first_segments, words, positions, types, gamma, beta, epsilon
        )
        var phase = Phase(embedding.items())

        def work(core: Int) {imm, mut phase}:
            def nothing(token: Int, place: Int, token_type: Int, scale: Float32):
                pass

            def item(index: Int) {imm}:
                embedding.compute(index, nothing)

            phase.run(item)

        on_cores(work, embedding.cost())
