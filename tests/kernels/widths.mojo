"""A linear layer and attention over numbers that test_vector_widths.py makes, too; prints results."""

from std.collections import List

from kernels.attention import Heads, Offsets, attend
from kernels.linear import Layer
from kernels.norm import Norm
from kernels.tile import VEC, floats

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
    var layer = Layer[DType.float32](
        floats(Int(x.unsafe_ptr())),
        Int(panels.unsafe_ptr()),
        Int(bias.unsafe_ptr()),
        Int(result.unsafe_ptr()),
        ROWS,
        DEPTH,
        COLUMNS,
    )
    for item in range(layer.items()):
        layer.compute["gelu"](item, layer.result)
    var norm = Norm(
        layer.result,
        floats(Int(bias.unsafe_ptr())),
        floats(Int(panels.unsafe_ptr())),
        ROWS,
        COLUMNS,
        1e-12,
    )
    for item in range(norm.items()):
        norm.compute(item)
    show(result)

    var rows = numbers(LENGTH * 3 * DIM, 4)
    var starts: List[Int64] = [0, LENGTH]
    var attended = List[Float32](length=LENGTH * DIM, fill=0)
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
        1,
        HEADS,
        DIM // HEADS,
    )
    var scratch = List[Float32](length=all.scratch_size(), fill=0)
    for item in range(all.items()):
        attend(all, item, floats(Int(scratch.unsafe_ptr())))
    show(attended)
    _ = x^
    _ = panels^
    _ = bias^
    _ = rows^
    _ = starts^
    _ = scratch^
