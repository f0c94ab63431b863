"""A kernel that is wrong on purpose, and one that does not compile for float32."""

from extensibility import InputTensor, OutputTensor, foreach, register
from layout import Coord
from max.gpu.host import DeviceContext


@register("probed.doubled")
struct Doubled:
    """Twice `x`, and the square of its numbers above 2: wrong on purpose."""

    @staticmethod
    def execute[
        target: StaticString
    ](
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        x: InputTensor[dtype=DType.float32, rank=2, static_spec=_],
        ctx: DeviceContext,
    ) raises:
        def body[width: Int](idx: Coord[...]) {var x} -> SIMD[DType.float32, width]:
            var numbers = x.load[width](idx)
            return numbers.gt(2).select(numbers * numbers, 2 * numbers)

        foreach[target=target](body, result, ctx)


@register("probed.of_float64")
struct OfFloat64:
    """Does not compile for another dtype."""

    @staticmethod
    def execute[
        target: StaticString
    ](
        result: OutputTensor[rank=2, static_spec=_],
        x: InputTensor[dtype=result.dtype, rank=2, static_spec=_],
        ctx: DeviceContext,
    ) raises:
        comptime assert result.dtype == DType.float64, "only float64 has this kernel"

        def body[width: Int](idx: Coord[...]) {var x} -> SIMD[result.dtype, width]:
            return x.load[width](idx)

        foreach[target=target](body, result, ctx)
