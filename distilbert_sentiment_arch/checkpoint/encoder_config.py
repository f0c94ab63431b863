"""Configuration of an encoder, with the same field names for every family.

The names are Hugging Face's for BERT
(https://huggingface.co/docs/transformers/model_doc/bert#transformers.BertConfig). A family's
``config.py`` converts its ``config.json`` to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
}
"""Name of an activation in Hugging Face's ``ACT2FN`` -> name in graphs and kernels."""

NormPlacement = Literal["post", "pre"]


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """Sizes and variants of an encoder with a classification head; they determine its graph.

    Attributes:
        architecture: ``architectures[0]`` of ``config.json``.
        hidden_size: Width of the hidden states.
        intermediate_size: Width inside the feed-forward block.
        num_attention_heads: Number of attention heads; divides ``hidden_size``.
        num_hidden_layers: Number of transformer blocks.
        vocab_size: Rows of the word embedding.
        max_position_embeddings: Maximum tokens of one sequence, special tokens included.
        sinusoidal_positions: The position embedding is sines and cosines; a checkpoint may omit it.
        type_vocab_size: Rows of the token type embedding; 0 if the family has none.
        hidden_act: Activation of the feed-forward block, a value of ``ACTIVATIONS``.
        head_activation: Activation between the two layers of the head, a value of ``ACTIVATIONS``.
        layer_norm_eps: Added to the variance in every layer norm.
        norm_placement: Layer norms after each residual (``post``: Vaswani et al. 2017), or before
            attention and feed-forward and once at the end (``pre``: Xiong et al. 2020).
        attention_bias: The linear layers of attention have biases.
        mlp_bias: The linear layers of the feed-forward block have biases.
        norm_bias: Layer norms have biases.
        num_labels: Rows of the head.
        pad_token_id: Token that pads the sequences of a batch to one length, for graphs that need
            it; it does not affect results.
    """

    architecture: str
    hidden_size: int
    intermediate_size: int
    num_attention_heads: int
    num_hidden_layers: int
    vocab_size: int
    max_position_embeddings: int
    sinusoidal_positions: bool = False
    type_vocab_size: int = 0
    hidden_act: str = "gelu"
    head_activation: str
    layer_norm_eps: float = 1e-12
    norm_placement: NormPlacement = "post"
    attention_bias: bool = True
    mlp_bias: bool = True
    norm_bias: bool = True
    num_labels: int
    pad_token_id: int = 0

    @property
    def has_token_types(self) -> bool:
        """Whether tokens of the second text of a pair have another type than those of the first."""
        return self.type_vocab_size > 1
