"""Computes each activation of each number, for test_activation.py.

Arguments: a file of float32 that fill whole vectors, a file for the results, and one that is not read.
The results are those of one activation after the other, in the order below.
"""

from file_reader import Reader
from kernels.activation import activated
from kernels.tile import VEC, Floats, floats
from std.sys import argv


def append[activation: StaticString](mut written: List[UInt8], x: Floats, count: Int):
    var result = List[Float32](length=count, fill=7)
    var numbers = floats(Int(result.unsafe_ptr()))
    for i in range(0, count, VEC):
        var found = activated[activation](x.unsafe_offset(i).unsafe_load[width=VEC]())
        numbers.unsafe_offset(i).unsafe_store(found)
    var bytes = result.unsafe_ptr().unsafe_bitcast[UInt8]()
    for i in range(4 * count):
        written.append(bytes[unsafe_offset=i])


def main() raises:
    var reader = Reader(String(argv()[1]))
    var written = List[UInt8]()
    var count = len(reader.bytes) // 4
    var x = floats(reader.take(4 * count))
    append["none"](written, x, count)
    append["gelu"](written, x, count)
    append["gelu_tanh"](written, x, count)
    append["relu"](written, x, count)
    append["silu"](written, x, count)
    append["tanh"](written, x, count)
    with open(String(argv()[2]), "w") as file:
        file.write_bytes(written)
    _ = reader^
