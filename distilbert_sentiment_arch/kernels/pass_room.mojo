"""The memory that a pass over codes works in, laid out in one tensor."""

from .codes import ALIGNMENT, SPARE_ROWS, Codes, row_bytes
from .tile import LANES, Floats, floats, load_columns, store_columns

comptime MOST_ROWS_BY_PANELS = 256
"""Most rows whose layers are shared out panel by panel: what lies inside the feed-forward is kept
for so many rows."""


struct Room(Movable):
    """A tensor of bytes that is handed out piece by piece.

    Attributes:
        address: Where the next piece starts.
        needed: Bytes handed out so far.
    """

    var address: Int
    var needed: Int

    def __init__(out self, address: Int):
        self.address = address
        self.needed = 0

    def take(mut self, size: Int) -> Int:
        """Returns the address of the next piece of that many bytes."""
        var start = self.address
        var whole = (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
        self.address += whole
        self.needed += whole
        return start

    def numbers(mut self, count: Int) -> Floats:
        """Returns room for float32 numbers."""
        return floats(self.take(count * 4))

    def codes[dtype: DType](mut self, rows: Int, columns: Int) -> Codes[dtype]:
        """Returns room for rows of codes."""
        var scales = self.numbers(rows)
        var stride = row_bytes[dtype](columns)
        return Codes[dtype](self.take((rows + SPARE_ROWS) * stride), scales, columns)


struct Rows[dtype: DType](ImplicitlyCopyable):
    """What is computed for each row: for each token, or for the first one of each sequence.

    Attributes:
        count: Number of rows.
        hidden: Hidden states, `(rows, dim)`.
        normed: What the next linear layers read: post-norm, `hidden`; pre-norm, its norm.
        codes: Of what the next linear layer reads, `(rows, dim)`.
        qkv: Queries, keys and values, `(rows, 3 * dim)`.
        mixed: What attention computes, `(rows, dim)`.
        attended: Hidden states after attention, `(rows, dim)`.
        inner: Inside the feed-forward, `(MOST_ROWS_BY_PANELS, inner_dim)`.
        inner_codes: Of `inner`.
    """

    var count: Int
    var hidden: Floats
    var normed: Floats
    var codes: Codes[Self.dtype]
    var qkv: Floats
    var mixed: Floats
    var attended: Floats
    var inner: Floats
    var inner_codes: Codes[Self.dtype]

    def __init__(out self, mut room: Room, rows: Int, dim: Int, inner: Int, pre_norm: Bool):
        """Takes memory for all tokens."""
        self.count = rows
        self.hidden = room.numbers(rows * dim)
        self.normed = room.numbers(rows * dim) if pre_norm else self.hidden
        self.codes = room.codes[Self.dtype](rows, dim)
        self.qkv = room.numbers(rows * 3 * dim)
        self.mixed = room.numbers(rows * dim)
        self.attended = room.numbers(rows * dim)
        var inner_rows = min(rows, MOST_ROWS_BY_PANELS)
        self.inner = room.numbers(inner_rows * inner)
        self.inner_codes = room.codes[Self.dtype](inner_rows, inner)

    def __init__(
        out self, mut room: Room, rows: Int, dim: Int, inner: Int, pre_norm: Bool, tokens: Self
    ):
        """Takes memory for the first token of each sequence.

        Attention of all tokens is over then: its memory is used again. `qkv` takes the queries.
        """
        self.count = rows
        self.hidden = room.numbers(rows * dim)
        self.normed = room.numbers(rows * dim) if pre_norm else self.hidden
        self.codes = room.codes[Self.dtype](rows, dim)
        self.qkv = tokens.qkv
        self.mixed = tokens.mixed
        self.attended = tokens.attended
        self.inner = tokens.inner
        self.inner_codes = tokens.inner_codes

    def copy_row(self, index: Int, source: Self, source_index: Int, dim: Int):
        """Copies the hidden states and codes of one row of others."""
        var x = source.hidden.unsafe_offset(source_index * dim)
        var target = self.hidden.unsafe_offset(index * dim)
        for c in range(0, dim, LANES):
            store_columns(
                target.unsafe_offset(c), load_columns[LANES](x.unsafe_offset(c), dim - c), dim - c
            )
        self.codes.copy_row(index, source.codes, source_index)
