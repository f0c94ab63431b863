"""Configuration of a sequence classifier, its encoder and its labels, from ``config.json``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from distilbert_sentiment_arch.checkpoint.config_json import ConfigJson, is_integer
from distilbert_sentiment_arch.checkpoint.encoder_config import EncoderConfig
from distilbert_sentiment_arch.checkpoint.family import Families, Family
from distilbert_sentiment_arch.checkpoint.family_choice import choose_family
from distilbert_sentiment_arch.checkpoint.files import CONFIG_LIMIT, is_present, read_json
from distilbert_sentiment_arch.checkpoint.label_names import (
    MAX_LABELS,
    LabelNameError,
    check_label_names,
)
from distilbert_sentiment_arch.classify.labels import LabelSet, ProblemType
from distilbert_sentiment_arch.errors import ConfigError
from distilbert_sentiment_arch.messages import shown


@dataclass(frozen=True)
class ClassifierConfig:
    """Content of a classifier's ``config.json``.

    Attributes:
        family: Its model family, which knows how its checkpoint is read.
        encoder: Sizes and variants that its graph depends on.
        labels: Names of the rows of the head, and the activation of its logits.
        quantized: ``max-sentiment quantize`` wrote the checkpoint.
    """

    family: Family
    encoder: EncoderConfig
    labels: LabelSet
    quantized: bool = False


def read_config(content: ConfigJson, families: Families) -> ClassifierConfig:
    """Reads a ``config.json``.

    Args:
        content: The parsed file.
        families: Supported families.

    Raises:
        ConfigError: The architecture is of no supported family, a key is missing, a value has the
            wrong type or is out of range, labels are not numbered 0..n-1 or not printable, or
            the checkpoint is quantised in a way that is not supported.
    """
    family = choose_family(content, families)
    labels = _labels(content)
    encoder = family.read_encoder(content, len(labels))
    return ClassifierConfig(family, encoder, labels, content.quantized)


def read_config_file(directory: Path, families: Families) -> ClassifierConfig:
    """Reads ``config.json`` of a checkpoint directory.

    Raises:
        ConfigError: The file does not exist, is not a regular file or not JSON, or ``read_config``
            refuses its content.
    """
    path = directory / "config.json"
    if not is_present(path):
        raise ConfigError(
            f"{path}: no such file. A checkpoint directory holds config.json, model.safetensors "
            "and tokenizer.json (or vocab.txt)."
        )
    return read_config(ConfigJson(read_json(path, CONFIG_LIMIT, ConfigError), str(path)), families)


def _labels(content: ConfigJson) -> LabelSet:
    id2label = content.get("id2label")
    if id2label is None:
        return _numbered_labels(content)
    if not isinstance(id2label, dict) or not id2label:
        raise content.error(
            f"id2label is {shown(id2label)}, so the answers would have no names. Add it, "
            'one entry a row of the classifier: "id2label": {"0": "NEGATIVE", "1": "POSITIVE"}.'
        )
    expected = [str(index) for index in range(len(id2label))]
    by_id = {str(key): value for key, value in id2label.items()}
    if by_id.keys() != set(expected):
        raise content.error(
            f"id2label has the keys {shown(sorted(by_id))}, not {shown(expected)}. "
            "Number the labels by the rows of the classifier."
        )
    try:
        names = check_label_names([by_id[key] for key in expected])
    except LabelNameError as error:
        raise content.error(f"id2label {error}") from None
    num_labels = content.get("num_labels", len(names))
    if not is_integer(num_labels) or num_labels != len(names):
        raise content.error(
            f"num_labels is {shown(num_labels)} and id2label names {len(names)} labels. "
            "Make them agree."
        )
    return LabelSet(names, _problem_type(content, len(names)))


def _numbered_labels(content: ConfigJson) -> LabelSet:
    """Returns the labels that Hugging Face gives a checkpoint that names none: two by default."""
    count = content.get("num_labels", 2)
    if not is_integer(count) or not 1 <= count <= MAX_LABELS:
        raise content.error(
            f"num_labels is {shown(count)}, not a number from 1 to {MAX_LABELS}, and there is no "
            "id2label. Add it, one entry a row of the classifier."
        )
    names = tuple(f"LABEL_{index}" for index in range(count))
    return LabelSet(names, _problem_type(content, count))


def _problem_type(content: ConfigJson, num_labels: int) -> ProblemType:
    declared = content.get("problem_type")
    if declared is None:
        # The softmax of a single logit is always 1; Hugging Face applies a sigmoid to it.
        return "single_label_classification" if num_labels > 1 else "multi_label_classification"
    for known in get_args(ProblemType):
        if declared == known:
            if known == "single_label_classification" and num_labels == 1:
                return "multi_label_classification"
            result: ProblemType = known
            return result
    raise content.error(
        f"problem_type is {shown(declared)}; known are "
        f"{', '.join(get_args(ProblemType))}. Correct or remove it."
    )
