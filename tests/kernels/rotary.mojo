"""Computes what blocks with rotary positions are made of, for test_rotary.py.

Arguments: a file, a file for the results, and one that is not read. The file has cases: integers (see
`run`), then the arrays in the order in which `attention` and `layers` take them. Before a case, the
memory to work in is filled with NaN: what is read of it has to be written first.
"""

from file_reader import Reader
from kernels.attention import Offsets
from kernels.linear import Linear
from kernels.pooling import Mean
from kernels.rotary import RotaryAttention
from kernels.rotary_query import RotaryQuery
from kernels.single_query import SingleQuery
from kernels.tile import Floats, floats
from std.sys import argv

comptime GUARD = 64
comptime UNTOUCHED: Float32 = 77


def take(mut reader: Reader, count: Int) -> Floats:
    return floats(reader.take(4 * count))


def append(mut written: List[UInt8], numbers: List[Float32]):
    var bytes = numbers.unsafe_ptr().unsafe_bitcast[UInt8]()
    for i in range(4 * len(numbers)):
        written.append(bytes[unsafe_offset=i])


def working_memory(size: Int) -> List[Float32]:
    var nan = Float32(0) / Float32(0)
    var memory = List[Float32](length=size, fill=nan)
    for _ in range(GUARD):
        memory.append(UNTOUCHED)
    return memory^


def check(memory: List[Float32]) raises:
    for i in range(len(memory) - GUARD, len(memory)):
        if memory[i] != UNTOUCHED:
            raise Error("more memory was written than was asked for")


def attention(mut reader: Reader, mut written: List[UInt8]) raises:
    var batch = reader.integer()
    var heads = reader.integer()
    var head_dim = reader.integer()
    var distance = reader.integer()
    var places = reader.integer()
    var dim = heads * head_dim
    var value_panels = (dim + 63) // 64
    var starts = Offsets(unsafe_from_address=reader.take(8 * (batch + 1)))
    var tokens = Int(starts[unsafe_offset=batch])
    var positions = take(reader, places * head_dim)

    var result = List[Float32](length=tokens * dim, fill=0)
    var all_tokens = RotaryAttention(
        take(reader, tokens * 3 * dim),
        starts,
        positions,
        floats(Int(result.unsafe_ptr())),
        batch,
        heads,
        head_dim,
        distance,
    )
    var memory = working_memory(all_tokens.scratch_size())
    for item in range(all_tokens.items()):
        all_tokens.attend(item, floats(Int(memory.unsafe_ptr())))
    check(memory)
    append(written, result)

    var first = List[Float32](length=batch * dim, fill=0)
    var sums = List[Float32](length=batch * heads * dim, fill=0)
    var first_queries = take(reader, batch * dim)
    var x = take(reader, tokens * dim)
    var values = Int(take(reader, value_panels * dim * 64))
    var single = SingleQuery[DType.float32, DType.float32](
        first_queries,
        x,
        starts,
        values,
        values,
        take(reader, value_panels * 64),
        floats(Int(sums.unsafe_ptr())),
        floats(Int(first.unsafe_ptr())),
        batch,
        heads,
        dim,
    )
    var first_tokens = RotaryQuery(single, take(reader, tokens * dim), positions, distance)
    var other_memory = working_memory(single.scratch_size())
    for item in range(single.sum_items()):
        first_tokens.sum_tokens(item, floats(Int(other_memory.unsafe_ptr())))
    for item in range(single.panel_items()):
        single.project_sums(item)
    check(other_memory)
    append(written, first)

    var means = List[Float32](length=batch * dim, fill=0)
    var mean = Mean(x, starts, floats(Int(means.unsafe_ptr())), batch, dim)
    for item in range(mean.items()):
        mean.compute(item)
    append(written, means)
    _ = memory^
    _ = other_memory^
    _ = sums^


def layer(mut reader: Reader, mut written: List[UInt8]) raises:
    var rows = reader.integer()
    var depth = reader.integer()
    var columns = reader.integer()
    var panels = reader.integer()
    var result = List[Float32](length=rows * columns, fill=0)
    var x = take(reader, rows * depth)
    var weights = Int(take(reader, panels * depth * 64))
    var linear = Linear[DType.float32](
        x,
        weights,
        take(reader, panels * 64),
        floats(Int(result.unsafe_ptr())),
        rows,
        depth,
        2 * columns,
    )
    if linear.items() != panels * linear.bands.count:
        raise Error("a layer has other panels than were packed")
    for item in range(linear.items()):
        linear.compute["gelu", gated=True](item, linear.result, linear.result)
    append(written, result)


def main() raises:
    var reader = Reader(String(argv()[1]))
    var written = List[UInt8]()
    while reader.place < len(reader.bytes):
        if reader.integer():
            attention(reader, written)
        else:
            layer(reader, written)
    with open(String(argv()[2]), "w") as file:
        file.write_bytes(written)
