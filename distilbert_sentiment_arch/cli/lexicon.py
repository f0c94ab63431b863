"""``max-sentiment lexicon``: the lexicon server."""

from __future__ import annotations

from pathlib import Path

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config_file
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.lexicon.bulk_scorer import prepare_later
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.serving.ports import check_ports
from distilbert_sentiment_arch.serving.standalone.listening import Listening
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY, DEFAULT_NAME

AFTER_START_S = 0.5
"""What is not needed for the first answer waits so many seconds for what is."""


def lexicon(
    model: str | None, served_model_name: str | None, labels: str | None, listening: Listening
) -> int:
    """Serves word lists over HTTP until it is told to end.

    Args:
        model: Checkpoint that a word list stands in for: a directory, a hub id, or None for the
            embedded default. Of a directory only config.json is read, of a hub id nothing.
        served_model_name: What clients call that checkpoint; None for what ``serve`` calls it.
        labels: Its labels, commas between them; None for those of config.json, and for a hub id
            NEGATIVE and POSITIVE.
        listening: Where to listen.

    Raises:
        ConfigError: A setting, or config.json of the checkpoint.
        WordListError: A word list cannot be read.
        PortInUse: Somebody listens where this server is going to.
    """
    check_ports(
        listening.host,
        {"pass --port": listening.port, "pass --metrics-port": listening.metrics_port},
    )
    name, known = _stood_in_for(model, labels)
    settings = LexiconSettings.from_environment()
    from distilbert_sentiment_arch.serving.standalone.server import assemble, run
    from distilbert_sentiment_arch.serving.standalone.telemetry import LocalTelemetry

    # Compiling would take more memory than a container of this server may have.
    prepare_later(settings.word_lists.values(), compiling=False, seconds=AFTER_START_S)
    telemetry = LocalTelemetry(listening.host, listening.metrics_port, AFTER_START_S)
    run(assemble(served_model_name or name, known, settings, telemetry), listening)
    return 0


def _stood_in_for(model: str | None, labels: str | None) -> tuple[str, LabelSet]:
    """Returns name and labels of a checkpoint, as ``max-sentiment serve`` has them."""
    if model is None:
        name, directory = DEFAULT_NAME, DEFAULT_DIRECTORY
    else:
        directory = Path(model).expanduser().resolve()
        name = directory.name if directory.exists() else model
    if labels is None and directory.exists():
        return name, read_config_file(directory, FAMILIES).labels
    names = tuple(part.strip() for part in (labels or "NEGATIVE,POSITIVE").split(","))
    return name, LabelSet(names, "single_label_classification")
