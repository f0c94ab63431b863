"""``max-sentiment classify --explain``: texts with what their words do to the answer."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from distilbert_sentiment_arch.classify.input_text import check_inputs
from distilbert_sentiment_arch.classify.interface import Classifier, ClassifyRequest, Truncation
from distilbert_sentiment_arch.cli.classify import as_json
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.explain.explainer import explain
from distilbert_sentiment_arch.explain.explanation import ExplainOptions, Explanation
from distilbert_sentiment_arch.explain.explanation_object import as_object


def print_explanations(
    classifier: Classifier,
    texts: Sequence[str],
    truncation: Truncation,
    options: ExplainOptions,
    output_format: str,
    output: str | None,
) -> None:
    """Explains texts one after the other, and prints each explanation or writes them to a file.

    Args:
        classifier: A model or a word list.
        texts: The texts.
        truncation: What to do with a text over the limit.
        options: How to explain.
        output_format: ``text``, ``jsonl`` or ``html``.
        output: The file; None for stdout.

    Raises:
        InputError: A text cannot be classified or explained, or the file cannot be written.
    """
    check_inputs(texts)
    explained = _explained(classifier, texts, truncation, options)
    if output is None:
        _print(classifier.name, explained, output_format, sys.stdout)
        return
    with _written(Path(output)) as file:
        _print(classifier.name, explained, output_format, file)


@contextmanager
def _written(path: Path) -> Iterator[TextIO]:
    """Opens a new file that takes the place of another at the end; not after an exception."""
    if path.is_dir():
        raise InputError(f"{path}: not writable (it is a directory). Name a file.")
    if path.exists() and not path.is_file():
        # A pipe or a device has no place to take.
        with path.open("w", encoding="utf-8") as file:
            yield file
        return
    path = path.resolve()
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        file = new.open("x", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: not writable ({error}).") from None
    try:
        with file:
            yield file
        if path.exists():
            new.chmod(path.stat().st_mode)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def _explained(
    classifier: Classifier, texts: Sequence[str], truncation: Truncation, options: ExplainOptions
) -> Iterator[tuple[str, Explanation]]:
    with asyncio.Runner() as runner:
        for text in texts:
            request = ClassifyRequest([text], truncation)
            found = runner.run(explain(classifier, request, options))
            yield text, found.explanations[0]


def _print(
    model: str, explained: Iterator[tuple[str, Explanation]], output_format: str, file: TextIO
) -> None:
    if output_format == "jsonl":
        for text, explanation in explained:
            print(json.dumps(explanation_as_json(text, explanation), ensure_ascii=False), file=file)
    elif output_format == "html":
        from distilbert_sentiment_arch.cli.explanation_page import explanation_page

        file.write(explanation_page(model, list(explained)))
    else:
        from distilbert_sentiment_arch.cli.explanation_text import LEGEND, console_of, show

        console = console_of(file)
        for text, explanation in explained:
            show(console, text, explanation)
        console.print(LEGEND)


def explanation_as_json(text: str, explanation: Explanation) -> dict[str, object]:
    """Returns the object of one line of the JSON output, in the names of the HTTP API."""
    answer = explanation.classification
    return as_json(text, answer) | {
        "windows": answer.windows,
        "labels": list(answer.labels.names),
        "logits": list(answer.logits),
        "explanation": as_object(explanation),
    }
