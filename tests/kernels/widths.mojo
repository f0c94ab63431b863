"""A linear layer and attention over numbers that test_vector_widths.py makes, too; prints results."""

from std.collections import List

from kernels.attention import Heads, Offsets, attend, scratch_size
from kernels.linear import Layer, floats, normalise
from kernels.tile import VEC

comptime ROWS = 13
comptime DEPTH = 21
comptime COLUMNS = 70
comptime LENGTH = 67
comptime DIM = 36
comptime HEADS = 2


def numbers(count: Int, seed: Int) -> List[Float32]:
    var made = List[Float32](capacity=count)
    for i in range(count):
        made.append(Float32((i * 37 + seed) % 101 - 50) / 50)
    return made^


def show(values: List[Float32]):
    for value in values:
        print(value)


def main() raises:
    print(VEC)
    var x = numbers(ROWS * DEPTH, 1)
    var panels = numbers(2 * DEPTH * 64, 2)
    var bias = numbers(2 * 64, 3)
    var result = List[Float32](length=ROWS * COLUMNS, fill=0)
    Layer[DType.float32](
        floats(Int(x.unsafe_ptr())),
        floats(Int(panels.unsafe_ptr())),
        floats(Int(bias.unsafe_ptr())),
        floats(Int(result.unsafe_ptr())),
        ROWS,
        DEPTH,
        COLUMNS,
    ).run["gelu", False](floats(Int(result.unsafe_ptr())))
    for row in range(ROWS):
        normalise(
            floats(Int(result.unsafe_ptr())).unsafe_offset(row * COLUMNS),
            floats(Int(bias.unsafe_ptr())),
            floats(Int(panels.unsafe_ptr())),
            COLUMNS,
            1e-12,
        )
    show(result)

    var rows = numbers(LENGTH * 3 * DIM, 4)
    var starts: List[Int64] = [0, LENGTH]
    var attended = List[Float32](length=LENGTH * DIM, fill=0)
    var scratch = List[Float32](length=scratch_size(LENGTH, DIM // HEADS), fill=0)
    var base = floats(Int(rows.unsafe_ptr()))
    var places = Offsets(unsafe_from_address=Int(starts.unsafe_ptr()))
    var all = Heads(
        base,
        3 * DIM,
        places,
        base.unsafe_offset(DIM),
        base.unsafe_offset(2 * DIM),
        3 * DIM,
        places,
        floats(Int(attended.unsafe_ptr())),
        HEADS,
        DIM // HEADS,
    )
    for head in range(HEADS):
        attend(all, 0, head, floats(Int(scratch.unsafe_ptr())))
    show(attended)
    _ = x^
    _ = panels^
    _ = bias^
    _ = rows^
    _ = starts^
    _ = scratch^
