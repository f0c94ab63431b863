"""What follows attention in a transformer block, row by row."""

from extensibility import InputTensor, OutputTensor

from .linear import Layer
from .norm import Norm
from .tile import Floats
from .work import Phase


struct Tail[
    activation: StaticString, output_dtype: DType, up_dtype: DType, down_dtype: DType
](ImplicitlyCopyable):
    """What follows attention in a block: output, norm, feed-forward, norm; row by row.

    Attributes:
        residual: What went into attention, `(rows, dim)`.
        output: The output projection of attention.
        output_norm: The norm after it.
        up: The first layer of the feed-forward.
        down: The second one.
        down_norm: The norm after it.
    """

    var residual: Floats
    var output: Layer[Self.output_dtype]
    var output_norm: Norm
    var up: Layer[Self.up_dtype]
    var down: Layer[Self.down_dtype]
    var down_norm: Norm

    def __init__(
        out self,
        residual: Floats,
        mixed: Floats,
        result: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        attended: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        inner: OutputTensor[dtype=DType.float32, rank=2, static_spec=_],
        output_panels: InputTensor[dtype=Self.output_dtype, rank=3, static_spec=_],
        output_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        output_gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        output_beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        up_panels: InputTensor[dtype=Self.up_dtype, rank=3, static_spec=_],
        up_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        down_panels: InputTensor[dtype=Self.down_dtype, rank=3, static_spec=_],
        down_bias: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        down_gamma: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        down_beta: InputTensor[dtype=DType.float32, rank=1, static_spec=_],
        epsilon: Float32,
    ):
        """Arg `mixed` is what attention makes, `(rows, dim)`."""
        self.residual = residual
        self.output = Layer(mixed, output_panels, output_bias, attended)
        self.output_norm = Norm(output_gamma, output_beta, attended, epsilon)
        self.up = Layer(self.output.result, up_panels, up_bias, inner)
        self.down = Layer(self.up.result, down_panels, down_bias, result)
        self.down_norm = Norm(down_gamma, down_beta, result, epsilon)

    def cost(self) -> Int:
        """Multiplications."""
        return self.output.cost() + self.up.cost() + self.down.cost()

    def run(self, mut phases: TailPhases):
        """Does what a core can."""

        def output(item: Int) {imm}:
            self.output.compute["none", True](item, self.residual)

        def output_norm(item: Int) {imm}:
            self.output_norm.compute(item)

        def up(item: Int) {imm}:
            self.up.compute[Self.activation](item, self.up.result)

        def down(item: Int) {imm}:
            self.down.compute["none", True](item, self.output.result)

        def down_norm(item: Int) {imm}:
            self.down_norm.compute(item)

        phases.output.run(output)
        phases.output_norm.run(output_norm)
        phases.up.run(up)
        phases.down.run(down)
        phases.down_norm.run(down_norm)


struct TailPhases(Movable):
    """How far a `Tail` is."""

    var output: Phase
    var output_norm: Phase
    var up: Phase
    var down: Phase
    var down_norm: Phase

    def __init__(out self, tail: Tail):
        self.output = Phase(tail.output.items())
        self.output_norm = Phase(tail.output_norm.items())
        self.up = Phase(tail.up.items())
        self.down = Phase(tail.down.items())
        self.down_norm = Phase(tail.down_norm.items())
