"""Loading of a packed graph: weights packed, graph compiled, and checked in a reduced precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from max.driver import Buffer
from max.engine import InferenceSession, Model

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.classify.token_sequence import TokenSequence
from distilbert_sentiment_arch.engine.code_weights import has_codes
from distilbert_sentiment_arch.engine.compiled_graph import compiled_graph
from distilbert_sentiment_arch.engine.first_block_tables import FIRST_PROJECTION, fill_tables
from distilbert_sentiment_arch.engine.inputs import pack_sequences
from distilbert_sentiment_arch.engine.kernel_calls import KERNELS
from distilbert_sentiment_arch.engine.numpy_encoder import Floats, numpy_logits
from distilbert_sentiment_arch.engine.packed_layers import PackedEncoderForSequenceClassification
from distilbert_sentiment_arch.engine.packed_weights import pack
from distilbert_sentiment_arch.engine.panels import Packed
from distilbert_sentiment_arch.engine.precision import Verdict
from distilbert_sentiment_arch.engine.self_check import KeptVerdicts, compare, in_groups
from distilbert_sentiment_arch.engine.worker_process import coarse_timers
from distilbert_sentiment_arch.errors import CompilerError
from distilbert_sentiment_arch.settings.precision import Precision, PrecisionSetting


@dataclass(frozen=True)
class PackedModel:
    """A loaded graph and its weights, which it reads in place and keeps no reference to."""

    model: Model
    weights: Packed


class PackedLoader:
    """Loads a checkpoint in one precision after the other, until one is accepted.

    Args:
        session: MAX's session.
        graph: The class of the packed graph.
        config: The encoder's configuration.
        weights: Returns the weights by their names in the graph, float32; called for each load.
        sentences: Returns the tokens of the self-check's sentences.
        verdicts: Returns the verdicts that are kept.

    Attributes:
        loaded: What was loaded last.
    """

    def __init__(
        self,
        session: InferenceSession,
        graph: type[PackedEncoderForSequenceClassification],
        config: EncoderConfig,
        weights: Callable[[], Mapping[str, Floats]],
        sentences: Callable[[], Sequence[TokenSequence]],
        verdicts: Callable[[], KeptVerdicts],
    ) -> None:
        self._session = session
        self._graph = graph
        self._config = config
        self._weights = weights
        self._sentences = sentences
        self._verdicts = verdicts
        self.loaded: PackedModel | None = None

    def load(self, precision: Precision) -> PackedModel:
        """Loads the graph in a precision.

        Raises:
            CompilerError: The kernels do not compile, or MAX does not take what was compiled.
        """
        self.loaded = None
        weights = self._weights()
        packed = pack(weights, self._config, precision)
        projection = {name: weights[name] for name in FIRST_PROJECTION if name in weights}
        del weights
        compiled = compiled_graph(self._graph, self._config, packed, KERNELS, precision)
        fill_tables(packed, projection)  # compiling takes a gigabyte: these come after it
        try:
            model = self._session.init(compiled, weights_registry=packed)
        except RuntimeError as error:
            reason = str(error).partition("\n")[0]
            raise CompilerError(f"MAX does not take what was compiled: {reason}") from error
        self.loaded = PackedModel(model, packed)
        return self.loaded

    def check(self, precision: Precision, requested: PrecisionSetting) -> Verdict:
        """Loads the graph in a precision and returns the self-check's verdict on it.

        A graph that ``auto`` would not serve, by a verdict that is kept, is not loaded.

        Raises:
            CompilerError: See ``load``.
        """
        verdicts = self._verdicts()
        verdict = verdicts.find(precision)
        if verdict is not None and not verdict.passed and requested == "auto":
            return verdict
        if verdict is not None:
            self.load(precision)
            return verdict
        sentences = self._sentences()
        expected = self.in_float32(sentences)
        verdict = compare(expected, self._computed(precision, sentences))
        verdicts.keep(precision, verdict)
        return verdict

    def in_float32(self, sentences: Sequence[TokenSequence]) -> Floats:
        """Returns the logits of sentences in float32, those of the shortest one first.

        Raises:
            CompilerError: See ``load``.
        """
        if not has_codes(self._config):
            return self._computed("float32", sentences)
        weights = self._weights()
        return in_groups(sentences, lambda batch: numpy_logits(weights, self._config, batch))

    def _computed(self, precision: Precision, sentences: Sequence[TokenSequence]) -> Floats:
        model = self.load(precision).model
        with coarse_timers():  # MAX's polling thread is started with the first pass
            return in_groups(sentences, lambda batch: self._logits(model, batch))

    def _logits(self, model: Model, batch: Sequence[TokenSequence]) -> Floats:
        arrays = pack_sequences(batch).packed(token_types=self._config.has_token_types)
        (output,) = model.execute(*map(Buffer.from_numpy, arrays))
        return np.array(output.to_numpy(), np.float32)
