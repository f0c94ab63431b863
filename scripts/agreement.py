"""Comparison of a checkpoint's labels with those of Hugging Face transformers.

    ./scripts/agreement [--model DIRECTORY|HUB_ID] [DATA]

Both read the same files, in separate environments: transformers and PyTorch (without CUDA) are
installed into .venv-benchmark/torch the first time. Texts over the limit are truncated at the end.
The exit status is 0 if all labels agree.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint, find_checkpoint
from distilbert_sentiment_arch.classify.interface import (
    TRUNCATION_MODES,
    ClassifyRequest,
    Truncation,
    TruncationMode,
)
from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.errors import InputError, SentimentError
from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts.benchmarking.environments import interpreter
from scripts.benchmarking.errors import NotAvailable

SCRIPTS = Path(__file__).resolve().parent
TEXTS = SCRIPTS.parent / "tests" / "reference" / "texts.txt"
"""200 texts of 3 to 341 tokens, one a line."""

Logits = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Data:
    """Texts and, if the file contains labels, the index of the correct label of each."""

    texts: Sequence[str]
    labels: Sequence[int] | None


def read_data(path: Path) -> Data:
    """Reads texts to classify.

    Args:
        path: A JSONL file of objects with ``text`` and optionally ``label``, an index; a file with
            another suffix has one text a line.

    Raises:
        InputError: The file cannot be read, or a line is not such an object.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable ({error}).") from None
    if path.suffix != ".jsonl":
        return Data([line for line in lines if line.strip()], None)
    texts, labels = [], []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line)
            texts.append(str(entry["text"]))
            labels.append(entry.get("label"))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f'{path}, line {number}: not an object with "text".') from None
    return Data(texts, labels if labels and None not in labels else None)


def hugging_face_logits(directory: Path, texts: Sequence[str], limit: int) -> dict[str, Any]:
    """Returns the output of ``hugging_face_logits.py`` in its environment.

    Raises:
        NotAvailable: The environment cannot be installed, or the program failed.
    """
    ended = subprocess.run(
        [interpreter("torch"), SCRIPTS / "hugging_face_logits.py", directory, str(limit)],
        input=json.dumps(texts),
        stdout=subprocess.PIPE,
        text=True,
        # The checkpoint is already on disk. The variables are passed explicitly because importing
        # MAX changes the C environment.
        env=dict(os.environ)
        | dict.fromkeys(("HF_HUB_OFFLINE", "HF_HUB_DISABLE_PROGRESS_BARS"), "1"),
        check=False,
    )
    if ended.returncode:
        raise NotAvailable(f"Hugging Face transformers ended with status {ended.returncode}")
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def agreement(ours: Logits, theirs: Logits, labels: LabelSet) -> int:
    """Counts the texts for which both give the same labels.

    Args:
        ours: Logits ``(texts, labels)``.
        theirs: Logits of the same shape.
        labels: Labels of the head. For a multi-label head the signs of the logits are compared; for
            a regression the values, with a tolerance of 1e-3.
    """
    if labels.problem_type == "regression":
        same = np.isclose(ours, theirs, rtol=1e-3, atol=1e-3).all(-1)
    elif labels.problem_type == "multi_label_classification":
        same = ((ours > 0) == (theirs > 0)).all(-1)
    else:
        same = ours.argmax(-1) == theirs.argmax(-1)
    return int(same.sum())


def compare(found: NamedCheckpoint, data: Data) -> bool:
    """Prints the agreement in one line, and the accuracy if the data contain labels.

    Returns:
        Whether all labels are the same.
    """
    from distilbert_sentiment_arch.engine.in_process import load_classifier

    config = found.checkpoint.config
    print("agreement: asking Hugging Face transformers ...", file=sys.stderr, flush=True)
    reference = hugging_face_logits(
        found.checkpoint.directory, data.texts, config.encoder.max_position_embeddings
    )
    theirs = np.array([row["logits"] for row in reference["rows"]])
    print("agreement: asking this package ...", file=sys.stderr, flush=True)
    classifier = load_classifier(found)

    def logits(mode: TruncationMode) -> Logits:
        request = ClassifyRequest(data.texts, Truncation(mode))
        answers = asyncio.run(classifier.classify(request)).classifications
        return np.array([answer.logits for answer in answers])

    ours = logits("end")
    count = len(data.texts)
    same = agreement(ours, theirs, config.labels)
    versions = " with ".join(" ".join(each) for each in reference["made_with"].items())
    print(
        f"{found.name}: labels of {same} of {count} texts equal those of {versions}; the largest "
        f"difference of a logit is {np.abs(ours - theirs).max():.1e}"
    )
    if data.labels is not None:
        for mode in TRUNCATION_MODES:
            right = int((logits(mode).argmax(-1) == data.labels).sum())
            print(f"accuracy, truncation {mode}: {right} of {count}, {right / count:.4f}")
    return same == count


def main() -> int:
    """Parses the arguments and compares one checkpoint; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", help="directory or hub id (default: the embedded checkpoint)")
    parser.add_argument("--revision", help="branch, tag or commit of a hub id")
    parser.add_argument(
        "data",
        type=Path,
        nargs="?",
        default=TEXTS,
        help="JSONL with text and perhaps label, or one text a line (default: %(default)s)",
    )
    options = parser.parse_args()
    try:
        data = read_data(options.data)
        return 0 if compare(find_checkpoint(options.model, FAMILIES, options.revision), data) else 1
    except (SentimentError, NotAvailable) as error:
        print(f"agreement: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
