"""A random BERT classifier and the logits that Hugging Face transformers gives for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from commands import ROOT

from scripts import checkpoints

CONFIG = checkpoints.random_config(
    checkpoints.BERT,
    id2label={"0": "toxic", "1": "spam", "2": "praise"},
    layer_norm_eps=1e-5,
    problem_type="multi_label_classification",
)

TEXTS: list[str | tuple[str, str]] = [
    "a",
    "word0 word1 abc",
    "A [CLS] in the text is text.",
    ("a b c", "word0"),
    ("word1", "b c d e f g"),
    ("the same text", "the same text"),
]
"""Texts and pairs of texts."""

REFERENCE = ROOT / "tests" / "reference" / "bert.json"


def write_checkpoint(directory: Path) -> Path:
    """Writes the checkpoint."""
    return checkpoints.write_checkpoint(directory, CONFIG, checkpoints.random_tensors(CONFIG))


def reference() -> list[dict[str, Any]]:
    """Returns, for each of ``TEXTS``: ``ids``, ``token_types`` and ``logits`` of Hugging Face."""
    answers: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["answers"]
    return answers
