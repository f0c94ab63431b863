"""RoBERTa sequence classifiers: Hugging Face's tensor names -> names in the graph.

XLM-RoBERTa and CamemBERT have the same names. Transforms, all of them: the first rows of the table
of positions, which no token has, are left out, so that the graph counts positions from 0; a pooler
and the head of pre-training, which the classifier does not compute with, and ``*.position_ids``
buffers are dropped; layer norms saved as ``.gamma``/``.beta`` (TensorFlow exports) are read as
``.weight``/``.bias``; every tensor is cast to the dtype of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.tensor_specs import TensorSpec, linear, specs_of
from weight_adapters.bert_layout import block_rows, embedding_rows

if TYPE_CHECKING:
    from max.dtype import DType
    from max.graph.weights import WeightData, Weights

POSITIONS = "roberta.embeddings.position_embeddings.weight"

TABLE = (
    *embedding_rows("roberta"),
    *block_rows("roberta"),
    linear("classifier.dense", "classifier.dense"),
    linear("classifier.out_proj", "classifier.projection", rows="num_labels"),
)

DROPPED = ("roberta.pooler.", "lm_head.")


def tensor_specs(config: EncoderConfig) -> dict[str, TensorSpec]:
    """Returns every tensor that a checkpoint of this configuration holds, by checkpoint name.

    The first token has the position of the padding token's id plus 1.
    """
    specs = specs_of(TABLE, config)
    skipped = config.pad_token_id + 1
    rows, width = specs[POSITIONS].shape
    shape = (rows + skipped, width)
    specs[POSITIONS] = replace(specs[POSITIONS], shape=shape, skipped_rows=skipped)
    return specs


def convert_safetensor_state_dict(
    state_dict: Mapping[str, Weights], *, config: EncoderConfig, dtype: DType
) -> dict[str, WeightData]:
    """Returns the weights of the graph; see ``engine.graph_weights.convert``."""
    from distilbert_sentiment_arch.engine.graph_weights import convert

    return convert(state_dict, tensor_specs(config), config.architecture, dtype, DROPPED)
