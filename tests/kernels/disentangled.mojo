"""Computes disentangled attention of all tokens, and of first tokens, for test_disentangled.py.

Arguments: a file, a file for the results, and one that is not read. The file has cases: integers (see
`run`), then starts and the arrays in the order in which `compute` takes them. Before a case, the
memory to work in is filled with NaN: what is read of it has to be written first.
"""

from file_reader import Reader
from kernels.attention import Attention, Offsets
from kernels.disentangled import Disentangled
from kernels.disentangled_query import DisentangledQuery
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


def compute[
    keys: Bool, queries: Bool
](mut reader: Reader, mut written: List[UInt8], batch: Int, heads: Int, head_dim: Int, panels: Int) raises:
    var dim = heads * head_dim
    var starts = Offsets(unsafe_from_address=reader.take(8 * (batch + 1)))
    var tokens = Int(starts[unsafe_offset=batch])
    var places = reader.integer()
    var value_panels = (dim + 63) // 64

    var result = List[Float32](length=tokens * dim, fill=0)
    var all_tokens = Disentangled[keys, queries](
        Attention(
            take(reader, tokens * 3 * dim),
            starts,
            floats(Int(result.unsafe_ptr())),
            batch,
            heads,
            head_dim,
        ),
        take(reader, heads * panels * head_dim * 64),
        take(reader, heads * panels * head_dim * 64),
        panels,
    )
    var memory = working_memory(all_tokens.scratch_size())
    for item in range(all_tokens.attention.items()):
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
    var first_tokens = DisentangledQuery[keys, queries](
        single, take(reader, tokens * dim), take(reader, places * dim), take(reader, places * dim)
    )
    var other_memory = working_memory(single.scratch_size())
    for item in range(single.sum_items()):
        first_tokens.sum_tokens(item, floats(Int(other_memory.unsafe_ptr())))
    for item in range(single.panel_items()):
        single.project_sums(item)
    check(other_memory)
    append(written, first)
    _ = memory^
    _ = other_memory^
    _ = sums^


def run(mut reader: Reader, mut written: List[UInt8]) raises:
    while reader.place < len(reader.bytes):
        var terms = reader.integer()  # 1: position keys, 2: position queries, 3: both
        var batch = reader.integer()
        var heads = reader.integer()
        var head_dim = reader.integer()
        var panels = reader.integer()
        if terms == 1:
            compute[True, False](reader, written, batch, heads, head_dim, panels)
        elif terms == 2:
            compute[False, True](reader, written, batch, heads, head_dim, panels)
        else:
            compute[True, True](reader, written, batch, heads, head_dim, panels)


def main() raises:
    var reader = Reader(String(argv()[1]))
    var written = List[UInt8]()
    run(reader, written)
    with open(String(argv()[2]), "w") as file:
        file.write_bytes(written)
