"""Command ``max-sentiment lexicon``: a server that answers from word lists alone."""

from __future__ import annotations

from pathlib import Path

from distilbert_sentiment_arch.checkpoint.classifier_config import read_config_file
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.lexicon.bulk_scorer import prepare_later
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.serving.measurements import DeviceMeasurement
from distilbert_sentiment_arch.serving.ports import check_ports
from distilbert_sentiment_arch.serving.standalone.listening import ListenOptions
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY, DEFAULT_NAME
from distilbert_sentiment_arch.settings.device import LEXICON, device_use

BACKGROUND_DELAY_S = 0.5
"""Delay of work that the first response does not need, so that the start is not slowed down."""


def lexicon(
    model: str | None, served_model_name: str | None, labels: str | None, listening: ListenOptions
) -> int:
    """Serves word lists over HTTP until SIGTERM or SIGINT.

    Args:
        model: Checkpoint that a word list replaces: a directory, a hub id, or None for the embedded
            default. Only config.json of a directory is read, and nothing of a hub id.
        served_model_name: Model name in requests; None for the name that ``serve`` would use.
        labels: Labels of the checkpoint, separated by commas; None for those of config.json, and
            for a hub id NEGATIVE and POSITIVE.
        listening: Address and ports.

    Returns:
        The exit status, 0.

    Raises:
        ConfigError: A setting or config.json of the checkpoint is not valid.
        WordListError: A word list cannot be read.
        PortInUse: Another process uses a port.
    """
    check_ports(
        listening.host,
        {"pass --port": listening.port, "pass --metrics-port": listening.metrics_port},
    )
    name, label_set = _replaced_model(model, labels)
    settings = LexiconSettings.from_environment()
    from distilbert_sentiment_arch.serving.standalone.server import assemble, run
    from distilbert_sentiment_arch.serving.standalone.telemetry import LocalTelemetry

    # Compiling would need more memory than the container of this server has.
    prepare_later(settings.word_lists.values(), compiling=False, seconds=BACKGROUND_DELAY_S)
    telemetry = LocalTelemetry(listening.host, listening.metrics_port, BACKGROUND_DELAY_S)
    if (use := device_use(LEXICON)) is not None:
        telemetry.record(DeviceMeasurement(use.first, use.computed))
    run(assemble(served_model_name or name, label_set, settings, telemetry), listening)
    return 0


def _replaced_model(model: str | None, labels: str | None) -> tuple[str, LabelSet]:
    """Returns name and labels of a checkpoint, the same as in ``max-sentiment serve``."""
    if model is None:
        name, directory = DEFAULT_NAME, DEFAULT_DIRECTORY
    else:
        directory = Path(model).expanduser().resolve()
        name = directory.name if directory.exists() else model
    if labels is None and directory.exists():
        return name, read_config_file(directory, FAMILIES).labels
    names = tuple(part.strip() for part in (labels or "NEGATIVE,POSITIVE").split(","))
    return name, LabelSet(names, "single_label_classification")
