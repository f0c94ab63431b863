"""Token ids to normalised embeddings, and to what the first block projects them to."""

from extensibility import InputTensor, OutputTensor, register
from max.gpu.host import DeviceContext

from .attention import Offsets
from .norm import BLOCK, Norm
from .tile import VEC, Floats, floats, load_columns, store_columns
from .work import Phase, on_cores


struct Embedding[dtype: DType](ImplicitlyCopyable):
    """`layer_norm(words[id] + positions[place in its sequence])` for each token.

    Attributes:
        ids: `(tokens,)`.
        starts: Where each sequence starts, and where the last one ends.
        words: `(vocabulary, dim)`.
        positions: `(max_position_embeddings, dim)`.
        norm: Of the result, `(tokens, dim)`.
    """

    var ids: Offsets
    var starts: Offsets
    var words: Pointer[Scalar[Self.dtype], MutUntrackedOrigin]
    var positions: Floats
    var norm: Norm

    def __init__(
        out self,
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        ids: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        words: InputTensor[dtype=Self.dtype, rank=2, static_spec=_],
        positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
    ):
        self.ids = Offsets(unsafe_from_address=Int(ids.unsafe_ptr()))
        self.starts = Offsets(unsafe_from_address=Int(starts.unsafe_ptr()))
        self.words = Pointer[Scalar[Self.dtype], MutUntrackedOrigin](
            unsafe_from_address=Int(words.unsafe_ptr())
        )
        self.positions = floats(Int(positions.unsafe_ptr()))
        self.norm = Norm(gamma, beta, result, epsilon)

    def items(self) -> Int:
        """Pieces of work: blocks of tokens."""
        return self.norm.items()

    def cost(self) -> Int:
        """Multiplications: a column costs about as much as eight of a product."""
        return self.norm.rows * self.norm.columns * 8

    def compute[Then: def(Int, Int, Float32) -> None](self, item: Int, then: Then):
        """Computes one block of tokens.

        Args:
            item: Which block.
            then: Called for each token with its row, its place in its sequence and what the norm
                multiplied it by.
        """
        var first = item * BLOCK
        var sequence = 0
        for token in range(first, min(self.norm.rows, first + BLOCK)):
            while Int(self.starts[unsafe_offset=sequence + 1]) <= token:
                sequence += 1
            var place = token - Int(self.starts[unsafe_offset=sequence])
            self.add(token, place)
            then(token, place, self.norm.row(token))

    def add(self, token: Int, place: Int):
        """Adds a word and its position."""
        var columns = self.norm.columns
        var result = self.norm.x.unsafe_offset(token * columns)
        var word = self.words.unsafe_offset(Int(self.ids[unsafe_offset=token]) * columns)
        var position = self.positions.unsafe_offset(place * columns)
        var column = 0
        while column + VEC <= columns:
            result.unsafe_offset(column).unsafe_store(
                word.unsafe_offset(column).unsafe_load[width=VEC]().cast[DType.float32]()
                + position.unsafe_offset(column).unsafe_load[width=VEC]()
            )
            column += VEC
        for rest in range(column, columns):
            result[unsafe_offset=rest] = (
                word[unsafe_offset=rest].cast[DType.float32]() + position[unsafe_offset=rest]
            )


struct ProjectedEmbedding[dtype: DType](ImplicitlyCopyable):
    """Embeddings and the first block's projection of them, whose products are looked up.

    The norm multiplies all of a token by one number, its scale, after the mean is taken away. So the
    projection of its word and that of its position, without their means and times gamma, are
    multiplied by the same number: they are computed for all words and positions when weights are
    loaded.

    Attributes:
        embedding: Of the tokens.
        words: `(vocabulary, columns)`, projected.
        positions: `(max_position_embeddings, columns)`, projected.
        bias: The projection of beta, and the projection's own bias; `(columns,)`.
        result: `(tokens, columns)`.
        columns: Columns.
    """

    var embedding: Embedding[Self.dtype]
    var words: Floats
    var positions: Floats
    var bias: Floats
    var result: Floats
    var columns: Int

    def __init__(
        out self,
        embedding: Embedding[Self.dtype],
        words: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
    ):
        self.embedding = embedding
        self.words = floats(Int(words.unsafe_ptr()))
        self.positions = floats(Int(positions.unsafe_ptr()))
        self.bias = floats(Int(bias.unsafe_ptr()))
        self.result = floats(Int(result.unsafe_ptr()))
        self.columns = result.dim_size(1)

    def compute(self, item: Int):
        """Computes one block of tokens of both."""

        def look_up(token: Int, place: Int, scale: Float32) {imm}:
            self.look_up(token, place, scale)

        self.embedding.compute(item, look_up)

    def look_up(self, token: Int, place: Int, scale: Float32):
        """Finds the projection of one token."""
        var columns = self.columns
        var result = self.result.unsafe_offset(token * columns)
        var word = self.words.unsafe_offset(
            Int(self.embedding.ids[unsafe_offset=token]) * columns
        )
        var position = self.positions.unsafe_offset(place * columns)
        for c in range(0, columns, VEC):
            var width = columns - c
            var sum = load_columns(word.unsafe_offset(c), width) + load_columns(
                position.unsafe_offset(c), width
            )
            var bias = load_columns(self.bias.unsafe_offset(c), width)
            store_columns(result.unsafe_offset(c), sum.fma(scale, bias), width)


@register("distilbert.embed")
struct EmbedTokens:
    """Normalised embeddings of tokens.

    Shapes: ids `(tokens,)`, starts `(batch + 1,)` where each sequence starts and the last one ends,
    words `(vocabulary, columns)` in float32 or float16, positions
    `(max_position_embeddings, columns)`, result `(tokens, columns)`. Ids and lengths are checked
    before they come here.
    """

    @staticmethod
    def execute[
        target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        ids: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        starts: InputTensor[dtype=DType.int64, rank=1, static_spec=_],
        words: InputTensor[rank=2, static_spec=_],
        positions: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
        ctx: DeviceContext,
    ) raises:
        var embedding = Embedding(result, ids, starts, words, positions, gamma, beta, epsilon)
        var phase = Phase(embedding.items())

        def work(core: Int) {imm, mut phase}:
            def nothing(token: Int, place: Int, scale: Float32):
                pass

            def item(index: Int) {imm}:
                embedding.compute(index, nothing)

            phase.run(item)

        on_cores(work, embedding.cost())
