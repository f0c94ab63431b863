"""A linear layer and both kinds of attention over numbers that test_vector_widths.py makes, too; prints results."""

from std.collections import List

from kernels.attention import Heads, Offsets, attend
from kernels.linear import Layer
from kernels.norm import Norm
from kernels.single_query import SingleQuery
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
    var all = Heads(
        floats(Int(rows.unsafe_ptr())),
        Offsets(unsafe_from_address=Int(starts.unsafe_ptr())),
        floats(Int(attended.unsafe_ptr())),
        1,
        HEADS,
        DIM // HEADS,
    )
    var scratch = List[Float32](length=all.scratch_size(), fill=0)
    for item in range(all.items()):
        attend(all, item, floats(Int(scratch.unsafe_ptr())))
    show(attended)

    var keys = numbers(DIM * 64, 5)
    var values = numbers(DIM * 64, 6)
    var value_bias = numbers(64, 7)
    var sums = List[Float32](length=HEADS * DIM, fill=0)
    var answer = List[Float32](length=DIM, fill=0)
    var single = SingleQuery[DType.float32, DType.float32](
        floats(Int(rows.unsafe_ptr())),
        floats(Int(attended.unsafe_ptr())),
        Offsets(unsafe_from_address=Int(starts.unsafe_ptr())),
        Int(keys.unsafe_ptr()),
        Int(values.unsafe_ptr()),
        Int(value_bias.unsafe_ptr()),
        Int(sums.unsafe_ptr()),
        Int(answer.unsafe_ptr()),
        1,
        HEADS,
        DIM,
    )
    for item in range(single.panel_items()):
        single.turn(item)
    for item in range(single.mix_items()):
        single.mix(item, floats(Int(scratch.unsafe_ptr())))
    for item in range(single.panel_items()):
        single.answer(item)
    show(answer)
    _ = x^
    _ = panels^
    _ = bias^
    _ = rows^
    _ = starts^
    _ = attended^
    _ = scratch^
    _ = keys^
    _ = values^
    _ = value_bias^
    _ = sums^
