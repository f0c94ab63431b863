"""A BERT-like encoder with a classification head over packed tokens, in our kernels, for the CPU.

The file is read top-down. The logits are those of ``layers.EncoderForSequenceClassification``. What
differs: there is no padding, so that the cost follows the tokens; the first block's queries, keys
and values are looked up in tables where ``has_tables``; the last block computes the
first token of each sequence alone, which is all that the head reads; and linear layers, attention
and norms are the custom operations of ``kernels/``. In int8 and bfloat16, all of it is one
operation, see ``code_layers``.
"""

from __future__ import annotations

from max.dtype import DType
from max.graph import TensorType, TensorValue
from max.nn.layer import Module

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.engine.code_layers import CodeBlocks
from distilbert_sentiment_arch.engine.float_layers import FloatBlocks
from distilbert_sentiment_arch.engine.kernel_calls import CPU_DEVICE
from distilbert_sentiment_arch.engine.packed_embeddings import Embeddings
from distilbert_sentiment_arch.engine.packed_head import ClassificationHead
from distilbert_sentiment_arch.engine.panels import Packed
from distilbert_sentiment_arch.engine.rotary_layers import RotaryBlocks
from distilbert_sentiment_arch.settings.precision import CODE_PRECISIONS, Precision


class PackedEncoderForSequenceClassification(Module):
    """Packed token ids to logits.

    Args:
        config: The encoder's configuration.
        weights: The result of ``packed_weights.pack``; only dtypes and shapes are read.
        precision: What the weights were packed for.
    """

    def __init__(
        self, config: EncoderConfig, weights: Packed, precision: Precision = "float32"
    ) -> None:
        super().__init__()
        self.has_token_types = config.has_token_types
        self.embeddings = Embeddings(config, weights)
        self.blocks = _blocks(config, weights, precision)
        self.classifier = ClassificationHead(config, weights)

    def input_types(self) -> tuple[TensorType, ...]:
        """Returns the types of the graph's inputs.

        ``input_ids``: int64 ``(tokens,)``, the sequences one after the other.
        ``starts``: int64 ``(batch + 1,)``, where each sequence starts and where the last one ends.
        ``first_segments``, only where the encoder has token types: int64 ``(batch,)``, how many
        tokens at the start of each sequence have type 0; the others have type 1.
        """
        names = ["tokens", "starts", *(["batch"] if self.has_token_types else [])]
        return tuple(TensorType(DType.int64, [name], device=CPU_DEVICE) for name in names)

    def __call__(
        self,
        input_ids: TensorValue,
        starts: TensorValue,
        first_segments: TensorValue | None = None,
    ) -> TensorValue:
        return self.blocks(self.embeddings, self.classifier, input_ids, starts, first_segments)


def _blocks(
    config: EncoderConfig, weights: Packed, precision: Precision
) -> FloatBlocks | RotaryBlocks | CodeBlocks:
    """Returns what makes logits of embeddings and a head."""
    if precision in CODE_PRECISIONS:
        return CodeBlocks(config, weights, precision)
    return (RotaryBlocks if config.attention == "rotary" else FloatBlocks)(config, weights)
