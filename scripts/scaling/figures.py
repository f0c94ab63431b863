"""What was measured of how a pass and a server scale: one JSON document, read by reports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from scripts.benchmarking.config import parse_shape
from scripts.benchmarking.errors import BenchmarkError
from scripts.scaling.model import Costs, PassModel, ServerModel
from scripts.scaling.structure import PassShape

PUBLISHED = Path(__file__).with_name("published.json")


class CostFigures(BaseModel):
    """See ``model.Costs``."""

    model_config = ConfigDict(extra="forbid")

    cores: int
    wake: float
    task: float
    phase: float
    piece: float


class ServerFigures(BaseModel):
    """A server under callers that each ask for a text, and again on the answer.

    Attributes:
        callers: Their number.
        tokens: Tokens of a text.
        cores: Cores of the server.
        batch: Texts in a pass, on average over the texts.
        texts_per_second: Texts answered a second.
        api_ms: CPU milliseconds for a text: the API process and the one for metrics, if any.
        worker_ms: CPU milliseconds of the model worker for a text; threads spin while they wait.
        memory_mb: Memory of all processes, after the load.
    """

    model_config = ConfigDict(extra="forbid")

    callers: int
    tokens: int
    cores: int
    batch: int
    texts_per_second: float
    api_ms: float
    worker_ms: float
    memory_mb: float

    @property
    def shape(self) -> str:
        """The pass that computes such a batch."""
        return f"{self.batch}x{self.tokens}"

    @property
    def lone(self) -> str:
        """The pass of one text."""
        return f"1x{self.tokens}"


class Figures(BaseModel):
    """A run of ``python -m scripts.scaling``.

    Attributes:
        machine: Properties of the machine.
        model: Name of the checkpoint.
        precision: What it was computed in.
        encoder: Its configuration.
        costs: What sharing work costs.
        passes: Milliseconds on one core and on two, by shape.
        server: A server under load; None if it was not measured.
    """

    model_config = ConfigDict(extra="forbid")

    machine: dict[str, Any]
    model: str
    precision: str
    encoder: EncoderConfig
    costs: CostFigures
    passes: dict[str, tuple[float, float]]
    server: ServerFigures | None = None

    def pass_model(self, shape: str) -> PassModel:
        """Returns the model of a pass.

        Raises:
            BenchmarkError: The shape was not measured.
        """
        if shape not in self.passes:
            raise BenchmarkError(
                f"passes of {shape} were not measured, but of {', '.join(self.passes)}. "
                f"Measure them: python -m scripts.scaling --shapes {shape}"
            )
        of_pass = PassShape(self.encoder, self.precision, *parse_shape(shape))
        costs = Costs(**self.costs.model_dump())
        return PassModel.fitted(of_pass, costs, *self.passes[shape])

    def server_model(self) -> ServerModel:
        """Returns the model of a server.

        Raises:
            BenchmarkError: No server was measured.
        """
        if self.server is None:
            raise BenchmarkError(
                "no server was measured. Run python -m scripts.scaling without --passes-only."
            )
        return ServerModel(
            self.server.api_ms, self.server.batch, self.pass_model(self.server.shape)
        )

    def write(self, path: Path) -> None:
        """Writes the document."""
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")


def read_figures(path: Path) -> Figures:
    """Reads a document.

    Raises:
        BenchmarkError: It cannot be read.
    """
    try:
        return Figures.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        reason = str(error).partition("\n")[0]
        raise BenchmarkError(
            f"{path} is no result of python -m scripts.scaling: {reason}. Write one: --output."
        ) from None
