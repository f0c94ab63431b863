"""A BERT-like encoder with a classification head as a MAX graph, in MAX's own operations.

The file is read top-down. What ``EncoderConfig`` varies: token types, layer norms after (Vaswani et
al. 2017, https://arxiv.org/abs/1706.03762) or before (Xiong et al. 2020,
https://arxiv.org/abs/2002.04745) attention and feed-forward, their epsilon, biases, activations,
gates, how attention knows positions, a convolution, and what the head reads.

How it differs from ``max/pipelines/architectures/bert``: the result is the logits of a head on the
first token, not a pooled sentence embedding; and sequences come with their lengths, because a token
id cannot tell padding from a "[PAD]" in the text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from max.dtype import DType
from max.graph import DeviceRef, Dim, TensorType, TensorValue, Weight, ops
from max.nn.layer import LayerList, Module

from distilbert_sentiment_arch.checkpoint.encoder_config import DISTANCE_BUCKETS, EncoderConfig
from distilbert_sentiment_arch.engine.activation_ops import ACTIVATION_OPS
from distilbert_sentiment_arch.engine.convolution import Convolution
from distilbert_sentiment_arch.engine.disentangled_attention import (
    DisentangledAttention,
    DisentangledContext,
    RelativeEmbeddings,
)
from distilbert_sentiment_arch.engine.distance_biases import buckets
from distilbert_sentiment_arch.engine.embeddings import Embeddings
from distilbert_sentiment_arch.engine.float32_products import Linear, product
from distilbert_sentiment_arch.engine.norms import layer_norm, normalise
from distilbert_sentiment_arch.engine.rotary_attention import (
    RotaryAttention,
    RotaryContext,
    rotary_contexts,
)

Context = TensorValue | DisentangledContext | RotaryContext
"""What attention reads besides the hidden states: the mask of padding, or more."""


class EncoderForSequenceClassification(Module):
    """Token ids to logits.

    Args:
        config: The encoder's configuration.
        dtype: What to compute in; float32 on CPU.
        device: Where to compute.
    """

    def __init__(self, config: EncoderConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        self.device = device
        self.has_token_types = config.has_token_types
        self.pooling = config.pooling
        self.embeddings = Embeddings(config, dtype, device)
        self.encoder = Encoder(config, dtype, device)
        self.classifier = ClassificationHead(config, dtype, device)

    def input_types(self) -> tuple[TensorType, ...]:
        """Returns the types of the graph's inputs.

        ``input_ids``: int64 ``(batch, seq)``, rows filled up on the right with any valid id.
        ``lengths``: int64 ``(batch,)``, real tokens in each row, 1 to seq.
        ``first_segments``, only where the encoder has token types: int64 ``(batch,)``, how many
        tokens at the start of each row have type 0; the others have type 1.
        """
        batch = TensorType(DType.int64, ["batch"], device=self.device)
        input_ids = TensorType(DType.int64, ["batch", "seq"], device=self.device)
        return (input_ids, batch, batch) if self.has_token_types else (input_ids, batch)

    def __call__(
        self,
        input_ids: TensorValue,
        lengths: TensorValue,
        first_segments: TensorValue | None = None,
    ) -> TensorValue:
        mask = attention_mask(lengths, input_ids)  # (batch, 1, 1, seq)
        hidden = self.embeddings(input_ids, first_segments)  # (batch, seq, hidden_size)
        hidden = self.encoder(hidden, mask)
        pooled = mean(hidden, lengths) if self.pooling == "mean" else hidden[:, 0]
        logits = self.classifier(pooled)  # (batch, num_labels)
        return logits.cast(DType.float32)


class Encoder(Module):
    """The transformer blocks, and a norm behind the last one where they are pre-norm."""

    def __init__(self, config: EncoderConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        self.has_biases = config.attention == "biased"
        if self.has_biases:
            self.distance_biases = DistanceBiases(config, dtype, device)
        self.layers = LayerList(
            [
                TransformerBlock(config, dtype, device, index)
                for index in range(config.num_distinct_layers)
            ]
        )
        self.config = config
        self.order = [config.layer_of(block) for block in range(config.num_hidden_layers)]
        self.pre_norm = config.norm_placement == "pre"
        if self.pre_norm:
            self.final_norm = layer_norm(config, dtype, device)
        self.has_relative = config.attention == "disentangled"
        if self.has_relative:
            self.relative = RelativeEmbeddings(config, dtype, device)
        self.has_convolution = config.conv_kernel_size > 0
        if self.has_convolution:
            self.convolution = Convolution(config, dtype, device)

    def __call__(self, hidden: TensorValue, mask: TensorValue) -> TensorValue:
        contexts = self.contexts(hidden, mask)
        embeddings = hidden
        for block, (layer, context) in enumerate(zip(self.order, contexts, strict=True)):
            hidden = self.layers[layer](hidden, context)
            if block == 0 and self.has_convolution:
                hidden = self.convolution(embeddings, hidden, mask)
        return normalise(self.final_norm, hidden) if self.pre_norm else hidden

    def contexts(self, hidden: TensorValue, mask: TensorValue) -> Sequence[Context]:
        """Returns what the attention of each block reads besides the hidden states.

        Args:
            hidden: Whose second dimension is the length of the rows, ``(batch, seq, ...)``.
            mask: That of padding, ``(batch, 1, 1, seq)``.
        """
        if self.config.attention == "rotary":
            return rotary_contexts(self.config, mask)
        context: Context = mask
        if self.has_relative:
            context = self.relative(hidden, mask)
        elif self.has_biases:
            context = mask + self.distance_biases(hidden.shape[1])  # (batch, heads, seq, seq)
        return [context] * len(self.order)


class DistanceBiases(Module):
    """What is added to the scores of each head, by the distance of key and query."""

    def __init__(self, config: EncoderConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        heads, self.reach = config.num_attention_heads, config.max_position_embeddings
        self.weight = Weight("weight", dtype, [DISTANCE_BUCKETS, heads], device)

    def __call__(self, seq: Dim) -> TensorValue:
        device = self.weight.device
        rows = ops.constant(buckets(self.reach), DType.int64, device=device)
        positions = ops.range(0, seq, dtype=DType.int64, device=device)
        distances = ops.unsqueeze(positions, 0) - ops.unsqueeze(positions, 1)  # (seq, seq)
        found = ops.gather(rows, distances + (self.reach - 1), axis=0)
        biases = ops.gather(self.weight, found, axis=0)  # (seq, seq, heads)
        return ops.unsqueeze(ops.permute(biases, [2, 0, 1]), 0).cast(DType.float32)


class TransformerBlock(Module):
    """Attention and feed-forward, each with a residual and a norm.

    Post-norm, ``attention_norm`` and ``output_norm`` follow the two residuals; pre-norm, they come
    before attention and before the feed-forward.
    """

    def __init__(self, config: EncoderConfig, dtype: DType, device: DeviceRef, index: int) -> None:
        super().__init__()
        self.attention = ATTENTIONS[config.attention](config, dtype, device)
        self.has_attention_norm = index > 0 or config.first_attention_norm
        if self.has_attention_norm:
            self.attention_norm = layer_norm(config, dtype, device)
        self.feed_forward = FeedForward(config, dtype, device)
        self.output_norm = layer_norm(config, dtype, device)
        self.pre_norm = config.norm_placement == "pre"

    def __call__(self, hidden: TensorValue, context: Context) -> TensorValue:
        return self.around(hidden, lambda normed: self.attention(normed, context))

    def around(
        self,
        hidden: TensorValue,
        attend: Callable[[TensorValue], TensorValue],
        kept: Callable[[TensorValue], TensorValue] = lambda rows: rows,
    ) -> TensorValue:
        """Returns the block's result with an attention that is given.

        Args:
            hidden: The hidden states, ``(..., hidden_size)``.
            attend: Returns attention's result for the rows that are kept.
            kept: Takes those rows out of the hidden states; all of them where it is left out.
        """
        if self.pre_norm:
            normed = hidden
            if self.has_attention_norm:
                normed = normalise(self.attention_norm, hidden)
            hidden = kept(hidden) + attend(normed)
            return hidden + self.feed_forward(normalise(self.output_norm, hidden))
        hidden = normalise(self.attention_norm, kept(hidden) + attend(hidden))
        return normalise(self.output_norm, hidden + self.feed_forward(hidden))


class SelfAttention(Module):
    """Multi-head scaled dot-product attention over the real tokens of each row."""

    def __init__(self, config: EncoderConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.head_dim = config.hidden_size // config.num_attention_heads

        def linear() -> Linear:
            dim, has_bias = config.hidden_size, config.attention_bias
            return Linear(dim, dim, dtype, device, has_bias=has_bias)

        self.query, self.key, self.value, self.output = linear(), linear(), linear(), linear()

    def __call__(self, hidden: TensorValue, mask: TensorValue) -> TensorValue:
        return self.output(self.attend(self.project(hidden), mask))

    def project(self, hidden: TensorValue) -> tuple[TensorValue, ...]:
        """Returns queries, keys and values, each ``(..., hidden_size)``."""
        return self.query(hidden), self.key(hidden), self.value(hidden)

    def attend(self, projected: Sequence[TensorValue], mask: TensorValue) -> TensorValue:
        """Returns what each token reads of its row, ``(batch, seq, hidden_size)``.

        Args:
            projected: Queries, keys and values, each ``(batch, seq, hidden_size)``.
            mask: What is added to the scores, of a shape that broadcasts to theirs.
        """
        query, key, value = (self._split_heads(each) for each in projected)
        query = query / math.sqrt(self.head_dim)

        scores = product(query, key.transpose(2, 3))  # (batch, heads, seq, seq)
        weights = ops.softmax(scores.cast(DType.float32) + mask).cast(value.dtype)
        heads = ops.permute(product(weights, value), [0, 2, 1, 3])  # (batch, seq, heads, head_dim)
        return ops.reshape(heads, projected[0].shape)

    def _split_heads(self, x: TensorValue) -> TensorValue:
        batch, seq = x.shape[0], x.shape[1]
        split = ops.reshape(x, (batch, seq, self.heads, self.head_dim))
        return ops.permute(split, [0, 2, 1, 3])  # (batch, heads, seq, head_dim)


ATTENTIONS: dict[str, Callable[[EncoderConfig, DType, DeviceRef], Module]] = {
    "plain": SelfAttention,
    "biased": SelfAttention,
    "disentangled": DisentangledAttention,
    "rotary": RotaryAttention,
}
"""By the values of ``EncoderConfig.attention``."""


class FeedForward(Module):
    """Two linear layers with the activation between them.

    Gated (Shazeer 2020, https://arxiv.org/abs/2002.05202), the first layer is twice as wide, and
    the activation of its first half is multiplied by its second half.
    """

    def __init__(self, config: EncoderConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        dim, inner, has_bias = config.hidden_size, config.intermediate_size, config.mlp_bias
        self.inner, self.gated = inner, config.gated_mlp
        self.up = Linear(dim, config.up_size, dtype, device, has_bias=has_bias)
        self.down = Linear(inner, dim, dtype, device, has_bias=has_bias)
        self.activation = ACTIVATION_OPS[config.hidden_act]

    def __call__(self, hidden: TensorValue) -> TensorValue:
        inner = self.up(hidden)
        if not self.gated:
            return self.down(self.activation(inner))
        values, gates = ops.split(inner, [self.inner, self.inner], axis=-1)
        return self.down(self.activation(values) * gates)


class ClassificationHead(Module):
    """The head on one row a sequence: linear layer, activation, perhaps a norm, linear layer."""

    def __init__(self, config: EncoderConfig, dtype: DType, device: DeviceRef) -> None:
        super().__init__()
        dim = config.hidden_size
        self.dense = Linear(dim, dim, dtype, device, has_bias=config.head_bias)
        self.has_norm = config.head_norm
        if self.has_norm:
            self.norm = layer_norm(config, dtype, device)
        self.projection = Linear(dim, config.num_labels, dtype, device, has_bias=True)
        self.activation = ACTIVATION_OPS[config.head_activation]

    def __call__(self, pooled: TensorValue) -> TensorValue:
        dense = self.activation(self.dense(pooled))
        return self.projection(normalise(self.norm, dense) if self.has_norm else dense)


def mean(hidden: TensorValue, lengths: TensorValue) -> TensorValue:
    """Returns the mean of each row's real tokens, ``(batch, hidden_size)``."""
    positions = ops.range(0, hidden.shape[1], dtype=DType.int64, device=hidden.device)
    real = ops.unsqueeze(positions, 0) < ops.unsqueeze(lengths, 1)  # (batch, seq)
    zero = ops.constant(0.0, DType.float32, device=hidden.device)
    wide = ops.where(ops.unsqueeze(real, 2), hidden.cast(DType.float32), zero)
    total = ops.squeeze(ops.sum(wide, axis=1), 1)  # (batch, hidden_size)
    average: TensorValue = total / ops.unsqueeze(lengths.cast(DType.float32), 1)
    return average.cast(hidden.dtype)


def attention_mask(lengths: TensorValue, input_ids: TensorValue) -> TensorValue:
    """Returns what is added to the scores: 0 at real tokens, the lowest float32 at padding.

    Shape ``(batch, 1, 1, seq)``, float32.
    """
    positions = ops.range(0, input_ids.shape[1], dtype=DType.int64, device=input_ids.device)
    real = ops.unsqueeze(positions, 0) < ops.unsqueeze(lengths, 1)  # (batch, seq)
    zero = ops.constant(0.0, DType.float32, device=input_ids.device)
    lowest = ops.constant(-3.4028234663852886e38, DType.float32, device=input_ids.device)
    return ops.unsqueeze(ops.unsqueeze(ops.where(real, zero, lowest), 1), 1)
