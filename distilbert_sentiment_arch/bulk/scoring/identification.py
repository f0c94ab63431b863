"""What would score a job, known before it is loaded where that is possible."""

from __future__ import annotations

from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.bulk.scoring.identity import (
    ModelIdentity,
    revision_of,
    settings_digest,
    weights_digest,
)
from distilbert_sentiment_arch.bulk.scoring.scorer import load_scorer
from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.lexicon.settings import EMBEDDED
from distilbert_sentiment_arch.settings.defaults import VERSION


def identify(options: ModelOptions, device: str = "cpu") -> ModelIdentity | None:
    """Returns the identity that the loaded scorer would have; compiles and loads no model.

    Args:
        options: The model.
        device: See ``load_scorer``.

    Returns:
        None where the precision is only known once the model is loaded.

    Raises:
        CheckpointError: The checkpoint cannot be served.
    """
    if options.model in EMBEDDED:
        return load_scorer(options).identity
    found = find_checkpoint(options.model, FAMILIES, options.revision)
    if options.precision != "float32" or device != "cpu":
        return None
    config = found.checkpoint.config
    return ModelIdentity(
        model=found.name,
        revision=revision_of(found.checkpoint),
        weights_digest=weights_digest(found.checkpoint),
        settings_digest=settings_digest(found.checkpoint),
        precision="float32",
        version=VERSION,
        labels=config.labels.names,
        problem_type=config.labels.problem_type,
        route="model",
        max_length=config.encoder.max_position_embeddings,
        fallback=options.fallback,
    )
