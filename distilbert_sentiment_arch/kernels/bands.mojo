"""Bands of rows that a core takes from panel to panel."""

from std.math import ceildiv
from std.sys import num_physical_cores

from .tile import ROWS

comptime BAND_NUMBERS = 128 * 1024
"""Most numbers of x in a band, half a megabyte: they stay in a core's second cache while it goes from
panel to panel."""
comptime PIECES_PER_CORE = 4
"""Pieces of work for each core where there are rows enough: the core that is done first waits for one
piece at most."""
comptime FEWEST_ROWS = 4 * ROWS
"""Rows that a band is not divided below for the sake of more pieces: each reads a whole panel."""


struct Bands(ImplicitlyCopyable):
    """Rows in bands of equal size, a multiple of a tile's rows.

    Equal, because a core would wait for the others after a band that is nearly empty.

    Attributes:
        rows: All rows.
        count: Number of bands.
        size: Rows of a band.
    """

    var rows: Int
    var count: Int
    var size: Int

    def __init__(out self, rows: Int, depth: Int, panels: Int):
        """Divides rows of `depth` numbers, which are multiplied by so many panels."""
        var most = max(2 * ROWS, BAND_NUMBERS // depth)
        var wanted = ceildiv(PIECES_PER_CORE * num_physical_cores(), panels)
        var count = max(ceildiv(rows, most), min(wanted, ceildiv(rows, FEWEST_ROWS)))
        self.rows = rows
        self.size = max(ROWS, ceildiv(ceildiv(rows, max(1, count)), ROWS) * ROWS)
        self.count = ceildiv(rows, self.size)

    def start(self, band: Int) -> Int:
        """Returns the first row of a band."""
        return band * self.size

    def end(self, band: Int) -> Int:
        """Returns the row after its last one."""
        return min(self.rows, self.start(band) + self.size)
