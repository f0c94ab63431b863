"""Prints the results of a linear layer, a norm and both kinds of attention for test_vector_widths.py."""

from std.collections import List

from kernels.attention import Attention, Offsets, attend
from kernels.linear import Linear
from kernels.norm import Norm
from kernels.single_query import SingleQuery
from kernels.tile import VEC, floats

comptime ROWS = 13
comptime DEPTH = 201
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
    var layer = Linear[DType.float32](
        floats(Int(x.unsafe_ptr())),
        Int(panels.unsafe_ptr()),
        floats(Int(bias.unsafe_ptr())),
        floats(Int(result.unsafe_ptr())),
        ROWS,
        DEPTH,
        COLUMNS,
    )
    for item in range(layer.items()):
        layer.compute["gelu"](item, layer.result, layer.result)
    var norm = Norm(
        layer.result,
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

    var qkv = numbers(LENGTH * 3 * DIM, 4)
    var starts: List[Int64] = [0, LENGTH]
    var attended = List[Float32](length=LENGTH * DIM, fill=0)
    var attention = Attention(
        floats(Int(qkv.unsafe_ptr())),
        Offsets(unsafe_from_address=Int(starts.unsafe_ptr())),
        floats(Int(attended.unsafe_ptr())),
        1,
        HEADS,
        DIM // HEADS,
    )
    var scratch = List[Float32](length=attention.scratch_size(), fill=0)
    for item in range(attention.items()):
        attend(attention, item, floats(Int(scratch.unsafe_ptr())))
    show(attended)

    var keys = numbers(DIM * 64, 5)
    var values = numbers(DIM * 64, 6)
    var value_bias = numbers(64, 7)
    var sums = List[Float32](length=HEADS * DIM, fill=0)
    var first = List[Float32](length=DIM, fill=0)
    var single = SingleQuery[DType.float32, DType.float32](
        floats(Int(qkv.unsafe_ptr())),
        floats(Int(attended.unsafe_ptr())),
        Offsets(unsafe_from_address=Int(starts.unsafe_ptr())),
        Int(keys.unsafe_ptr()),
        Int(values.unsafe_ptr()),
        floats(Int(value_bias.unsafe_ptr())),
        floats(Int(sums.unsafe_ptr())),
        floats(Int(first.unsafe_ptr())),
        1,
        HEADS,
        DIM,
    )
    for item in range(single.panel_items()):
        single.fold_queries(item)
    for item in range(single.sum_items()):
        single.sum_tokens(item, floats(Int(scratch.unsafe_ptr())))
    for item in range(single.panel_items()):
        single.project_sums(item)
    show(first)
    _ = x^
    _ = panels^
    _ = bias^
    _ = qkv^
    _ = starts^
    _ = attended^
    _ = scratch^
    _ = keys^
    _ = values^
    _ = value_bias^
    _ = sums^
