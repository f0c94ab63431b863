"""Computes whole passes in int8 for test_encoder_pass.py, as MAX's graph would.

Arguments: a file, a file for the logits, and 1 where the matrix unit is to be used. The file has
passes: 4 integers (see `compute`), then the operation's inputs in their order, each after its dtype's
size and its four dimensions, missing ones being 1.
"""

from extensibility import InputTensor, OutputTensor, StaticTensorSpec
from file_reader import Reader
from kernels import amx as matrix_unit
from kernels.dot import HAS_VNNI
from kernels.encoder_pass import EncoderPass
from max.gpu.host import DeviceContext
from std.sys import argv
from std.utils import IndexList


def tensor[
    dtype: DType, rank: Int
](
    mut reader: Reader,
    out result: InputTensor[static_spec=StaticTensorSpec[dtype, rank].get_unknown()],
):
    """Reads the next array."""
    var size = reader.integer()
    var shape = IndexList[rank]()
    for dimension in range(4):
        var length = reader.integer()
        if dimension < rank:
            shape[dimension] = length
        size *= length
    var address = reader.take(size)
    result = type_of(result)(
        Pointer[Scalar[dtype], MutAnyOrigin](unsafe_from_address=address), shape
    )


def output[
    dtype: DType, rank: Int
](
    address: Int,
    shape: IndexList[rank],
    out result: OutputTensor[static_spec=StaticTensorSpec[dtype, rank].get_unknown()],
):
    result = type_of(result)(
        Pointer[Scalar[dtype], MutAnyOrigin](unsafe_from_address=address), shape
    )


def compute[amx: Bool](mut reader: Reader, mut written: List[UInt8], ctx: DeviceContext) raises:
    comptime F32 = DType.float32
    comptime F16 = DType.float16
    comptime I64 = DType.int64
    comptime I8 = DType.int8
    var batch = reader.integer()
    var labels = reader.integer()
    var room_size = reader.integer()
    var inner = reader.integer()
    var logits = List[Float32](length=batch * labels, fill=7)
    var room = List[UInt8](length=room_size + 64, fill=77)
    EncoderPass.execute[
        heads=4,
        activation="gelu",
        head_activation="tanh",
        has_types=True,
        has_tables=True,
        pre_norm=False,
        amx=amx,
        target="cpu",
    ](
        output[F32, 2](Int(logits.unsafe_ptr()), IndexList[2](batch, labels)),
        output[DType.uint8, 1]((Int(room.unsafe_ptr()) + 63) // 64 * 64, IndexList[1](room_size)),
        tensor[I64, 1](reader),
        tensor[I64, 1](reader),
        tensor[I64, 1](reader),
        tensor[F32, 2](reader),
        tensor[F32, 2](reader),
        tensor[F32, 2](reader),
        tensor[F32, 1](reader),
        tensor[F32, 1](reader),
        tensor[F16, 2](reader),
        tensor[F16, 2](reader),
        tensor[F16, 2](reader),
        tensor[F32, 1](reader),
        tensor[F32, 1](reader),
        tensor[I8, 4](reader),
        tensor[F32, 2](reader),
        tensor[I8, 4](reader),
        tensor[I8, 4](reader),
        tensor[I8, 4](reader),
        tensor[F32, 2](reader),
        tensor[I8, 3](reader),
        tensor[F32, 1](reader),
        tensor[F16, 3](reader),
        tensor[F16, 3](reader),
        tensor[F32, 1](reader),
        tensor[F32, 3](reader),
        tensor[F32, 1](reader),
        tensor[F32, 3](reader),
        tensor[F32, 1](reader),
        Int64(inner),
        Float32(1e-5),
        ctx,
    )
    var bytes = logits.unsafe_ptr().unsafe_bitcast[UInt8]()
    for i in range(4 * len(logits)):
        written.append(bytes[unsafe_offset=i])
    _ = room^
    _ = logits^


def run[amx: Bool](mut reader: Reader, mut written: List[UInt8]) raises:
    var ctx = DeviceContext(api="cpu")
    while reader.place < len(reader.bytes):
        compute[amx](reader, written, ctx)


def main() raises:
    var reader = Reader(String(argv()[1]))
    var written = List[UInt8]()
    if argv()[3] == "0":
        run[False](reader, written)
    else:
        if not matrix_unit.permitted():
            raise Error("the system does not allow the matrix unit")
        comptime if HAS_VNNI:  # as have all processors with a matrix unit
            run[True](reader, written)
    with open(String(argv()[2]), "w") as file:
        file.write_bytes(written)
