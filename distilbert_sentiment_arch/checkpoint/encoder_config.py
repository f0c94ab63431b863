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

DISTANCE_BUCKETS = 32
"""Rows of a table of biases by distance: the longer distances are, the more of them share one."""

NormPlacement = Literal["post", "pre"]
Attention = Literal["plain", "biased", "disentangled", "rotary"]
Pooling = Literal["first", "mean"]


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
        embedding_size: Width of the embeddings and their norm, which a linear layer follows. 0: the
            width is ``hidden_size``, and there is no such layer.
        has_position_table: Positions have an embedding; otherwise attention alone knows them.
        sinusoidal_positions: The position embedding is sines and cosines; a checkpoint may omit it.
        type_vocab_size: Rows of the token type embedding; 0 if the family has none.
        hidden_act: Activation of the feed-forward block, a value of ``ACTIVATIONS``.
        head_activation: Activation between the two layers of the head, a value of ``ACTIVATIONS``.
        head_norm: A layer norm follows that activation.
        pooling: What the head reads: the first token, or the mean of all tokens.
        attention: Scores are products of queries and keys (``plain``); the same plus a number for
            each head and distance (``biased``: MPNet, T5); plus products with embeddings of the
            distance (``disentangled``: He et al. 2020, https://arxiv.org/abs/2006.03654); or of
            queries and keys rotated by their positions (``rotary``: Su et al. 2021,
            https://arxiv.org/abs/2104.09864).
        layer_norm_eps: Added to the variance in every layer norm.
        norm_placement: Layer norms after each residual (``post``: Vaswani et al. 2017), or before
            attention and feed-forward and once at the end (``pre``: Xiong et al. 2020).
        attention_bias: The linear layers of attention have biases.
        mlp_bias: The linear layers of the feed-forward block have biases.
        gated_mlp: The first layer of the feed-forward block is twice as wide, and what the
            activation makes of one half is multiplied by the other.
        norm_bias: Layer norms have biases.
        first_attention_norm: Where norms come before, one comes before the first block's attention,
            too.
        head_bias: The first layer of the head has a bias.
        rotary_theta: Base of the wavelengths of rotary positions.
        local_rotary_theta: The same in the blocks of ``local_blocks``.
        local_blocks: Of each block, whether a token reads only tokens near it.
        local_distance: How far away these are at most.
        position_buckets: Of disentangled attention: half the embeddings of distances. Up to half of
            them, each distance has its own; farther ones share them by their logarithm. 0: each has
            its own up to ``max_relative_positions``.
        max_relative_positions: The distance from which on all have the same embedding.
        content_to_position: Queries are multiplied by keys made of the embeddings of distances.
        position_to_content: Keys are multiplied by queries made of the embeddings of distances.
        share_att_key: Those keys and queries are made by the layers that make the tokens' own.
        norm_rel_ebd: The embeddings of distances are normalised.
        conv_kernel_size: A convolution of the embeddings is added to the first block's result, and
            reads so many tokens at once, an odd number. 0: there is none.
        conv_groups: Groups of columns; those of a group are made of the same group's alone.
        conv_act: Activation of the convolution, a value of ``ACTIVATIONS``.
        layer_groups: Groups of layers that several blocks share (Lan et al. 2019,
            https://arxiv.org/abs/1909.11942). 0: each block has weights of its own.
        layers_per_group: Layers of a group, which a pass through it computes in turn.
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
    embedding_size: int = 0
    has_position_table: bool = True
    sinusoidal_positions: bool = False
    type_vocab_size: int = 0
    hidden_act: str = "gelu"
    head_activation: str
    head_norm: bool = False
    pooling: Pooling = "first"
    attention: Attention = "plain"
    layer_norm_eps: float = 1e-12
    norm_placement: NormPlacement = "post"
    attention_bias: bool = True
    mlp_bias: bool = True
    gated_mlp: bool = False
    norm_bias: bool = True
    first_attention_norm: bool = True
    head_bias: bool = True
    rotary_theta: float = 0.0
    local_rotary_theta: float = 0.0
    local_blocks: tuple[bool, ...] = ()
    local_distance: int = 0
    position_buckets: int = 0
    max_relative_positions: int = 0
    content_to_position: bool = False
    position_to_content: bool = False
    share_att_key: bool = True
    norm_rel_ebd: bool = False
    conv_kernel_size: int = 0
    conv_groups: int = 1
    conv_act: str = "tanh"
    layer_groups: int = 0
    layers_per_group: int = 1
    num_labels: int
    pad_token_id: int = 0

    @property
    def query_key_value_size(self) -> int:
        """Rows of a linear layer that computes queries, keys and values."""
        return 3 * self.hidden_size

    @property
    def up_size(self) -> int:
        """Rows of the first layer of the feed-forward block."""
        return (2 if self.gated_mlp else 1) * self.intermediate_size

    @property
    def embedding_width(self) -> int:
        """Width of the embeddings and their norm."""
        return self.embedding_size or self.hidden_size

    @property
    def conv_group_size(self) -> int:
        """Columns of a group of the convolution."""
        return self.hidden_size // self.conv_groups

    @property
    def num_distinct_layers(self) -> int:
        """Number of blocks with weights of their own."""
        return self.layer_groups * self.layers_per_group or self.num_hidden_layers

    def layer_of(self, block: int) -> int:
        """Returns which of the distinct layers a block is computed with.

        The passes through groups are shared out evenly, the first ones to the first group.
        """
        if not self.layer_groups:
            return block
        visit, layer = divmod(block, self.layers_per_group)
        visits = self.num_hidden_layers // self.layers_per_group
        # As transformers computes it, rounding errors included.
        group = int(visit / (visits / self.layer_groups))
        return group * self.layers_per_group + layer

    @property
    def has_token_types(self) -> bool:
        """Whether tokens of the second text of a pair have another type than those of the first."""
        return self.type_vocab_size > 1

    @property
    def relative_embeddings(self) -> int:
        """Rows of the embedding of distances."""
        return 2 * (self.position_buckets or self.max_relative_positions)
