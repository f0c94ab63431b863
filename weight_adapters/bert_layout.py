"""Names of the tensors that BERT and its descendants share, behind a prefix of their own."""

from __future__ import annotations

from distilbert_sentiment_arch.checkpoint.tensor_specs import TableRow, embedding, linear, norm


def embedding_rows(prefix: str) -> tuple[TableRow, ...]:
    """Returns the rows of words, positions and token types, and of the norm of their sum."""
    embeddings = f"{prefix}.embeddings"
    return (
        # checkpoint, graph
        embedding(f"{embeddings}.word_embeddings", "embeddings.word_embeddings", "vocab_size"),
        embedding(
            f"{embeddings}.position_embeddings",
            "embeddings.position_embeddings",
            "max_position_embeddings",
        ),
        embedding(
            f"{embeddings}.token_type_embeddings",
            "embeddings.token_type_embeddings",
            "type_vocab_size",
        ),
        norm(f"{embeddings}.LayerNorm", "embeddings.layer_norm", "embedding_width"),
    )


def block_rows(prefix: str) -> tuple[TableRow, ...]:
    """Returns the rows of the transformer blocks."""
    layer = f"{prefix}.encoder.layer.{{i}}"
    return (
        # checkpoint, graph
        linear(f"{layer}.attention.self.query", "encoder.layers.{i}.attention.query"),
        linear(f"{layer}.attention.self.key", "encoder.layers.{i}.attention.key"),
        linear(f"{layer}.attention.self.value", "encoder.layers.{i}.attention.value"),
        linear(f"{layer}.attention.output.dense", "encoder.layers.{i}.attention.output"),
        norm(f"{layer}.attention.output.LayerNorm", "encoder.layers.{i}.attention_norm"),
        linear(
            f"{layer}.intermediate.dense",
            "encoder.layers.{i}.feed_forward.up",
            rows="intermediate_size",
        ),
        linear(
            f"{layer}.output.dense",
            "encoder.layers.{i}.feed_forward.down",
            columns="intermediate_size",
        ),
        norm(f"{layer}.output.LayerNorm", "encoder.layers.{i}.output_norm"),
    )
