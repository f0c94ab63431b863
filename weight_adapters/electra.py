"""ELECTRA sequence classifiers: Hugging Face's tensor names -> names in the graph.

Transforms, all of them: layer norms saved as ``.gamma``/``.beta`` (TensorFlow exports) are read as
``.weight``/``.bias``; ``*.position_ids`` buffers and the heads of pre-training are dropped; every
tensor is cast to the dtype of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.tensor_specs import TensorSpec, linear, specs_of
from weight_adapters.bert_layout import block_rows, embedding_rows

if TYPE_CHECKING:
    from max.dtype import DType
    from max.graph.weights import WeightData, Weights

TABLE = (
    *embedding_rows("electra"),
    *block_rows("electra"),
    linear("classifier.dense", "classifier.dense"),
    linear("classifier.out_proj", "classifier.projection", rows="num_labels"),
)

# Where embeddings are narrower than hidden states.
PROJECTION = linear("electra.embeddings_project", "embeddings.projection", columns="embedding_size")

DROPPED = ("discriminator_predictions.", "generator_predictions.", "generator_lm_head.")


def tensor_specs(config: EncoderConfig) -> dict[str, TensorSpec]:
    """Returns every tensor that a checkpoint of this configuration holds, by checkpoint name."""
    return specs_of((*TABLE, PROJECTION) if config.embedding_size else TABLE, config)


def convert_safetensor_state_dict(
    state_dict: Mapping[str, Weights], *, config: EncoderConfig, dtype: DType
) -> dict[str, WeightData]:
    """Returns the weights of the graph; see ``engine.graph_weights.convert``."""
    from distilbert_sentiment_arch.engine.graph_weights import convert

    return convert(state_dict, tensor_specs(config), config.architecture, dtype, DROPPED)
