"""Encoders whose linear layers multiply int8 or bfloat16 numbers, in NumPy.

Two kinds of reference: what the int8 kernels must give to the bit, by integers and by float32
operations that are each rounded once; and whole encoders in float64 that quantise as specified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from scripts.oracle.encoder import Array, Block, Encoder, Linear

Precision = Literal["int8", "bfloat16"]
Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

HIGHEST = 127

SMALLEST = np.float32(1e-30)
"""What the largest magnitude of a row counts as where it is smaller."""


def encode_rows(rows: Floats) -> tuple[Integers, Floats]:
    """Returns the int8 codes of finite rows, to the bit, and a scale for each row.

    The scale is ``top / 127`` in float32, ``top`` being the largest magnitude; the codes are
    ``x * (127 / top)``, with a float32 quotient and an exact product, rounded to the even integer
    where two are as near.
    """
    tops = np.maximum(np.abs(rows).max(-1, initial=0), SMALLEST)
    quotients = np.float32(HIGHEST) / tops
    exact = rows.astype(np.float64) * quotients[:, None].astype(np.float64)  # 48 bits of 53
    return np.rint(exact).astype(np.int64), tops / np.float32(HIGHEST)


def multiply_codes(
    codes: Integers, scales: Floats, weight: Integers, weight_scales: Floats, bias: Floats
) -> Floats:
    """Returns an int8 layer's result, to the bit.

    ``float32(sum) * (weight scale * row scale) + bias``, the last product and sum in one operation.

    Args:
        codes: Of the rows, ``(rows, depth)``.
        scales: ``(rows,)``.
        weight: ``(columns, depth)``.
        weight_scales: ``(columns,)``.
        bias: ``(columns,)``.
    """
    # Float64 products of such integers are exact, and NumPy computes them faster than integers'.
    sums = codes.astype(np.float64) @ weight.T.astype(np.float64)
    steps = np.multiply(weight_scales[None], scales[:, None], dtype=np.float32)
    return fused_multiply_add(sums.astype(np.float32), steps, bias[None])


def fused_multiply_add(x: Floats, y: Floats, z: Floats) -> Floats:
    """Returns ``x * y + z`` of finite numbers, rounded to float32 once.

    The product is exact in float64. The sum is rounded to odd there: where it is not exact, to the
    neighbour whose last bit is 1, so that rounding it again is as good as rounding the exact sum
    (Boldo and Melquiond 2008, https://doi.org/10.1109/TC.2007.70819).
    """
    product, addend = np.broadcast_arrays(x.astype(np.float64) * y.astype(np.float64), z)
    addend = addend.astype(np.float64)
    total = product + addend
    # What was lost (Knuth's two-sum).
    back = total - product
    lost = (product - (total - back)) + (addend - back)
    even = (total.view(np.int64) & 1) == 0
    odd = np.nextafter(total, np.copysign(np.inf, lost))
    with np.errstate(over="ignore"):
        result: Floats = np.where((lost != 0) & even, odd, total).astype(np.float32)
    return result


def round_to_bfloat16(numbers: npt.NDArray[np.floating]) -> Floats:
    """Returns finite numbers rounded to 8 significant bits, halves to the even neighbour."""
    significand, exponent = np.frexp(numbers.astype(np.float64))
    result: Floats = np.ldexp(np.rint(significand * 256) / 256, exponent).astype(np.float32)
    return result


@dataclass(frozen=True)
class Int8Linear(Linear):
    """A linear layer whose weight and input are integers up to 127, with a scale a row."""

    def __call__(self, x: Array) -> Array:
        """Returns the layer's result for each row."""
        result: Array = _in_127ths(x) @ _in_127ths(self.weight).T + self.bias
        return result


@dataclass(frozen=True)
class Bfloat16Linear(Linear):
    """A linear layer whose weight and input are rounded to bfloat16."""

    def __call__(self, x: Array) -> Array:
        """Returns the layer's result for each row."""
        rows, weight = (round_to_bfloat16(each).astype(np.float64) for each in (x, self.weight))
        result: Array = rows @ weight.T + self.bias
        return result


LINEARS: dict[Precision, type[Linear]] = {"int8": Int8Linear, "bfloat16": Bfloat16Linear}


@dataclass(frozen=True)
class Known(Linear):
    """A linear layer whose result is known: ``weight``."""

    def __call__(self, x: Array) -> Array:
        """Returns the result."""
        return self.weight


class Int8Block(Block):
    """A block whose feed-forward takes the kernels' approximation for gelu.

    Its error of 1.3e-4, which tests of the kernel bound, would change codes here and there.
    """

    def feed_forward(self, x: Array) -> Array:
        """Returns what the feed-forward makes of each row."""
        if self.activation != "gelu":
            return super().feed_forward(x)
        return self.down(gelu_of_codes(self.up(x)))


def gelu_of_codes(x: Array) -> Array:
    """Returns ``max(x, 0) - u * p(u)``, with ``u = min(|x|, 4)`` and the kernels' polynomial."""
    u = np.minimum(np.abs(x), 4)
    result: Array = np.maximum(x, 0) - u * np.polyval(_GELU, u)
    return result


_GELU = [
    *(4.868181042e-05, -1.439450891e-03, 1.523966081e-02, -7.615296459e-02),
    *(1.761923136e-01, -8.139829545e-02, -3.706192901e-01, 4.966769991e-01),
]


class Bfloat16Block(Block):
    """A block whose attention rounds what it multiplies to bfloat16, but not softmax's divisor."""

    def attention(self, x: Array) -> Array:
        """Returns the self-attention of a sequence."""
        query, key, value = (
            round_to_bfloat16(layer(x)).astype(np.float64)
            for layer in (self.query, self.key, self.value)
        )
        head_dim = query.shape[-1] // self.heads
        results = []
        for head in range(self.heads):
            columns = slice(head * head_dim, (head + 1) * head_dim)
            scores = query[:, columns] @ key[:, columns].T / np.sqrt(head_dim)
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            mixed = round_to_bfloat16(weights).astype(np.float64) @ value[:, columns]
            results.append(mixed / weights.sum(-1, keepdims=True))
        return self.output(np.concatenate(results, axis=-1))


class LookedUpEncoder(Encoder):
    """An encoder whose first block's queries, keys and values come of tables in float16."""

    def logits(self, ids: Sequence[int], token_types: Sequence[int] | None = None) -> Array:
        """Returns the logits of one sequence, shape (num_labels,)."""
        parts = [self.words[list(ids)], self.positions[: len(ids)]]
        if self.types is not None:
            parts.append(self.types[[0] * len(ids) if token_types is None else list(token_types)])
        variance = np.sum(parts, axis=0).var(-1, keepdims=True)
        deviation = np.sqrt(variance + self.norm.epsilon)

        def look_up(layer: Linear) -> Known:
            entries = sum(
                ((part - part.mean(-1, keepdims=True)) * self.norm.gamma @ layer.weight.T)
                .astype(np.float16)
                .astype(np.float64)
                for part in parts
            )
            return Known(entries / deviation + layer.weight @ self.norm.beta + layer.bias)

        first, *others = self.blocks
        names = ("query", "key", "value")
        found: dict[str, Any] = {name: look_up(getattr(first, name)) for name in names}
        blocks = [replace(first, **found), *others]
        return Encoder(**(vars(self) | {"blocks": blocks})).logits(ids, token_types)


def in_codes(encoder: Encoder, precision: Precision) -> Encoder:
    """Returns an encoder whose blocks multiply codes.

    Not so the last block's keys and values, whose weights are float16, nor its attention; nor the
    first block's queries, keys and values where they are looked up: in an encoder of more than one
    block that does not normalise before them.
    """
    last = len(encoder.blocks) - 1
    looked_up = last > 0 and not encoder.blocks[0].pre_norm
    blocks = [
        _block(block, precision, looked_up=looked_up and index == 0, last=index == last)
        for index, block in enumerate(encoder.blocks)
    ]
    kind = LookedUpEncoder if looked_up else Encoder
    return kind(**(vars(encoder) | {"blocks": blocks}))


def _block(block: Block, precision: Precision, *, looked_up: bool, last: bool) -> Block:
    names: Sequence[str] = ["output", "up", "down"]
    if last:
        names = [*names, "query"]
    elif not looked_up:
        names = [*names, "query", "key", "value"]
    changed: dict[str, Any] = {}
    for name in names:
        layer: Linear = getattr(block, name)
        changed[name] = LINEARS[precision](layer.weight, layer.bias)
    if last:
        for name in ("key", "value"):
            layer = getattr(block, name)
            halved = layer.weight.astype(np.float16).astype(np.float64)
            changed[name] = Linear(halved, layer.bias)
    kind = Int8Block if precision == "int8" else Block if last else Bfloat16Block
    return kind(**(vars(block) | changed))


def _in_127ths(rows: Array) -> Array:
    step = np.abs(rows).max(-1, keepdims=True) / HIGHEST
    step = np.where(step == 0, 1, step)
    result: Array = np.rint(rows / step) * step
    return result
