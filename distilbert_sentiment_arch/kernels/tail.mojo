"""The part of a transformer block that follows attention."""

from extensibility import InputTensor, OutputTensor

from .linear import Linear
from .norm import Norm
from .tile import Floats, floats, whole_panels
from .work import Phase


struct Tail[
    pre_norm: Bool,
    activation: StaticString,
    output_dtype: DType,
    up_dtype: DType,
    down_dtype: DType,
    gated: Bool = False,
](ImplicitlyCopyable):
    """Output projection, feed-forward, residuals and norms: what follows attention, row by row.

    Post-norm:

        attended = norm(residual + output(mixed))
        result = output_norm(attended + down(activation(up(attended))))

    Pre-norm:

        attended = residual + output(mixed)
        result = attended + down(activation(up(norm(attended))))

    Gated, `up` has twice the columns, see `Linear`.

    All biases, gammas and betas are one tensor, `vectors`. It holds, in this order, each padded with
    zeros to a multiple of 64 numbers:

        bias of output       dim
        gamma of norm        dim
        beta of norm         dim
        bias of up           inner_dim, or twice that where gated
        bias of down         dim
        gamma of output_norm dim, post-norm only
        beta of output_norm  dim, post-norm only

    Parameters:
        pre_norm: Which of the two.
        activation: Of the feed-forward.
        output_dtype: Of the weights of `output`.
        up_dtype: Of the weights of `up`.
        down_dtype: Of the weights of `down`.
        gated: Whether `up` is.

    Attributes:
        residual: What is added after attention, `(rows, dim)`.
        output: The output projection of attention.
        norm: The first norm.
        up: The first layer of the feed-forward.
        down: The second one.
        output_norm: The second norm; not used where `pre_norm`.
    """

    var residual: Floats
    var output: Linear[Self.output_dtype]
    var norm: Norm
    var up: Linear[Self.up_dtype]
    var down: Linear[Self.down_dtype]
    var output_norm: Norm

    def __init__(
        out self,
        residual: Floats,
        mixed: Floats,
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        attended: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        inner: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        output_panels: InputTensor[dtype=Self.output_dtype, rank=3, static_spec=_],
        up_panels: InputTensor[dtype=Self.up_dtype, rank=3, static_spec=_],
        down_panels: InputTensor[dtype=Self.down_dtype, rank=3, static_spec=_],
        vectors: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
    ) raises:
        """Lays a block's tensors out.

        Args:
            residual: What is added after attention, `(rows, dim)`.
            mixed: What attention computes, `(rows, dim)`; where `pre_norm`, its memory takes the
                normed rows later.
            result: `(rows, dim)`.
            attended: Room for the rows after the first residual, `(rows, dim)`.
            inner: Room for the rows inside the feed-forward, `(rows, inner_dim)`.
            output_panels: Weights of the output projection.
            up_panels: Weights of the first layer of the feed-forward.
            down_panels: Weights of the second one.
            vectors: See above.
            epsilon: Of the norms.

        Raises:
            Error: `vectors` has another length than these shapes need.
        """
        var rows = result.dim_size(0)
        var dim = result.dim_size(1)
        var padded = whole_panels(dim)
        var inner_dim = inner.dim_size(1)
        var up_columns = 2 * inner_dim if Self.gated else inner_dim
        var needed = (4 if Self.pre_norm else 6) * padded + whole_panels(up_columns)
        if vectors.dim_size(0) != needed:
            raise Error(
                t"vectors of a block hold {vectors.dim_size(0)} numbers, and its shapes need {needed}"
            )
        var output_bias = floats(vectors)
        var gamma = output_bias.unsafe_offset(padded)
        var beta = gamma.unsafe_offset(padded)
        var up_bias = beta.unsafe_offset(padded)
        var down_bias = up_bias.unsafe_offset(whole_panels(up_columns))
        var output_gamma = down_bias.unsafe_offset(padded)
        var output_beta = output_gamma.unsafe_offset(padded)
        self.residual = residual
        self.output = Linear(mixed, output_panels, output_bias, attended)
        var normed = mixed if Self.pre_norm else floats(attended)
        self.norm = Norm(floats(attended), normed, gamma, beta, rows, dim, epsilon)
        self.up = Linear[Self.up_dtype](
            normed, Int(up_panels.unsafe_ptr()), up_bias, floats(inner), rows, dim, up_columns
        )
        self.down = Linear(floats(inner), down_panels, down_bias, result)
        self.output_norm = Norm(
            floats(result), floats(result), output_gamma, output_beta, rows, dim, epsilon
        )

    def cost(self) -> Int:
        """Returns the multiplications."""
        return self.output.cost() + self.up.cost() + self.down.cost()

    def scratch_size(self) -> Int:
        """Returns the floats that `run` needs room for."""
        return max(self.output.scratch_size(), self.up.scratch_size(), self.down.scratch_size())

    def run(self, mut phases: TailPhases, scratch: Floats):
        """Computes, on one core, pieces of each phase until all phases are done.

        Args:
            phases: The phases.
            scratch: Room for `scratch_size()` floats, made by `new_scratch`.
        """

        def output(item: Int) {imm}:
            self.output.compute["none", True](item, self.residual, scratch)

        def norm(item: Int) {imm}:
            self.norm.compute(item)

        def up(item: Int) {imm}:
            self.up.compute[Self.activation, gated=Self.gated](item, self.up.result, scratch)

        def down(item: Int) {imm}:
            self.down.compute["none", True](item, self.output.result, scratch)

        def output_norm(item: Int) {imm}:
            self.output_norm.compute(item)

        phases.output.run(output)
        phases.norm.run(norm)
        phases.up.run(up)
        phases.down.run(down)
        comptime if not Self.pre_norm:
            phases.output_norm.run(output_norm)


struct TailPhases(Movable):
    """The phases of a `Tail`, which all cores share."""

    var output: Phase
    var norm: Phase
    var up: Phase
    var down: Phase
    var output_norm: Phase

    def __init__(out self, tail: Tail):
        self.output = Phase(tail.output.items())
        self.norm = Phase(tail.norm.items())
        self.up = Phase(tail.up.items())
        self.down = Phase(tail.down.items())
        self.output_norm = Phase(tail.output_norm.items())
