"""Activations between linear layers, by the values of `ACTIVATIONS` in `checkpoint/encoder_config.py`."""

from std.math import exp, tanh
from std.utils.numerics import isnan

@always_inline
def activated[activation: StaticString](x: SIMD[DType.float32, _]) -> type_of(x):
    """Returns the activation of each number; that of NaN is NaN."""
    comptime if activation == "gelu":
        return gelu(x)
    elif activation == "gelu_tanh":
        return x * 0.5 * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))
    elif activation == "relu":
        # max(x, 0) would make 0 of NaN, and an overflow would not show in the logits.
        return x.lt(0).select(type_of(x)(0), x)
    elif activation == "silu":
        return x / (1 + exp(-x))
    elif activation == "tanh":
        return isnan(x).select(x, tanh(x))  # the standard library's tanh makes 1 of NaN
    else:
        comptime assert activation == "none", "an activation that has no kernel"
        return x


@always_inline
def gelu(x: SIMD[DType.float32, _]) -> type_of(x):
    """Returns `x / 2 * (1 + erf(x / sqrt(2)))`.

    The standard library's erf takes two and a half times as long, which is 2% of a pass. This one is
    a quotient of two polynomials of degree 5 in the square of its argument, fitted for the least
    error up to 4; from there on it is 1 in float32. The result is within 1e-6, or 2 units in the last
    place, of the exact one.
    """
    comptime Vector = type_of(x)
    var z = min(max(x * 0.7071067811865476, Vector(-4)), Vector(4))
    var square = z * z
    var above = Vector(1.9410065e-06)
    above = above.fma(square, Vector(2.9971974e-04))
    above = above.fma(square, Vector(4.3918984e-03))
    above = above.fma(square, Vector(5.4638144e-02))
    above = above.fma(square, Vector(2.0493375e-01))
    above = above.fma(square, Vector(1.1283780))
    var below = Vector(3.7753529e-05)
    below = below.fma(square, Vector(1.3168426e-03))
    below = below.fma(square, Vector(1.6204955e-02))
    below = below.fma(square, Vector(1.2009325e-01))
    below = below.fma(square, Vector(5.1494277e-01))
    below = below.fma(square, Vector(1))
    var half = x * 0.5
    return half.fma(z * above / below, half)


@always_inline
def gelu_of_codes(x: SIMD[DType.float32, _]) -> type_of(x):
    """Returns `gelu(x)` within 1.3e-4, in half its time: what becomes 8-bit integers needs no more.

    It is `max(x, 0) - u * p(u)` with `u = min(|x|, 4)`, where `u * p(u)` is fitted to
    `u * (1 - erf(u / sqrt(2))) / 2`. That of NaN is NaN.
    """
    comptime Vector = type_of(x)
    var u = min(abs(x), Vector(4))
    var p = Vector(4.868181042e-05)
    p = p.fma(u, Vector(-1.439450891e-03))
    p = p.fma(u, Vector(1.523966081e-02))
    p = p.fma(u, Vector(-7.615296459e-02))
    p = p.fma(u, Vector(1.761923136e-01))
    p = p.fma(u, Vector(-8.139829545e-02))
    p = p.fma(u, Vector(-3.706192901e-01))
    p = p.fma(u, Vector(4.966769991e-01))
    # Not max(x, 0), which would make 0 of NaN.
    return (-u).fma(p, x.lt(Vector(0)).select(Vector(0), x))
