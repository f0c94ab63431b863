"""Some depth of a panel of weights, which stays in a core's first cache while rows are multiplied by it.
"""

from std.collections import Array
from std.sys import size_of
from std.sys.intrinsics import PrefetchOptions, prefetch

from .tile import PANEL, VEC, VECS, Floats, Tile, Vector

comptime DEPTH = 96
"""Rows of a panel in a part: 24 KB of it, beside which a cache of 32 KB has room for rows of x."""
comptime LINE = 64
"""Bytes of a cache line."""
comptime Byte = Pointer[UInt8, MutUntrackedOrigin]
comptime prefetch_weights = prefetch[PrefetchOptions().for_read().high_locality()]


struct PanelPart[dtype: DType](ImplicitlyCopyable):
    """Up to `DEPTH` rows of a panel.

    What follows it in memory, the next part, is fetched meanwhile: a little with each product, so
    that neither waits for the other.

    Attributes:
        numbers: The part, `(depth, 64)`.
        depth: Its rows.
        place: Their place among those of the panel.
        next: Address of what is fetched next.
        stride: How many bytes are fetched with a product.
    """

    var numbers: Pointer[Scalar[Self.dtype], MutUntrackedOrigin]
    var depth: Int
    var place: Int
    var next: Int
    var stride: Int

    def __init__(
        out self,
        panel: Pointer[Scalar[Self.dtype], MutUntrackedOrigin],
        panel_depth: Int,
        index: Int,
        tiles: Int,
    ):
        """Lays a part out.

        Args:
            panel: The panel.
            panel_depth: Its rows.
            index: Which part of it.
            tiles: How many tiles are multiplied by this part.
        """
        comptime row_bytes = PANEL * size_of[Scalar[Self.dtype]]()
        self.place = index * DEPTH
        self.depth = min(DEPTH, panel_depth - self.place)
        self.numbers = panel.unsafe_offset(self.place * PANEL)
        self.next = Int(self.numbers) + self.depth * row_bytes
        self.stride = min(LINE, row_bytes // tiles)

    @always_inline
    def add_products[
        rows: Int
    ](mut self, x: Floats, stride: Int, start: Int, mut sums: Tile[rows, VECS]):
        """Adds the products of some rows with this part of a tile's columns.

        Args:
            x: The rows, from the panel's first number on.
            stride: How many numbers apart they are.
            start: The tile's first column in the panel.
            sums: What they are added to.
        """
        var numbers = self.numbers.unsafe_offset(start)
        var next = self.next
        for k in range(self.depth):
            var columns = Array[Vector, VECS](fill=Vector(0))
            comptime for v in range(VECS):
                columns[v] = (
                    numbers.unsafe_offset(k * PANEL + v * VEC)
                    .unsafe_load[width=VEC]()
                    .cast[DType.float32]()
                )
            prefetch_weights(Byte(unsafe_from_address=next))
            next += self.stride
            comptime for r in range(rows):
                var value = Vector(x.unsafe_offset(r * stride + self.place + k).unsafe_load())
                comptime for v in range(VECS):
                    sums[r * VECS + v] = value.fma(columns[v], sums[r * VECS + v])
        self.next = next
