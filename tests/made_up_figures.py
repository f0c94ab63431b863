"""Figures of scaling, made up: what sharing work costs, two shapes and a server."""

from __future__ import annotations

from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from scripts.scaling.figures import CostFigures, Figures, ServerFigures

ENCODER = EncoderConfig(
    architecture="DistilBertForSequenceClassification",
    hidden_size=384,
    intermediate_size=1536,
    num_attention_heads=12,
    num_hidden_layers=6,
    vocab_size=30522,
    max_position_embeddings=512,
    head_activation="relu",
    num_labels=2,
)


def made_up_figures(precision: str = "float32") -> Figures:
    return Figures(
        machine={"cpu": "A CPU", "cores": 2},
        model="embedded",
        precision=precision,
        encoder=ENCODER,
        costs=CostFigures(cores=2, wake=6000, task=200, phase=400, piece=100),
        passes={"1x32": (4.0, 2.3), "8x32": (30.0, 16.0)},
        server=ServerFigures(
            callers=16,
            tokens=32,
            cores=2,
            batch=8,
            texts_per_second=350.0,
            api_ms=1.0,
            worker_ms=4.2,
            memory_mb=600.0,
        ),
    )
