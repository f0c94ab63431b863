"""Command ``max-sentiment classify``: classification of texts in this process, without a server."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.classify.interface import (
    Classification,
    Classifier,
    ClassifyRequest,
    Truncation,
    TruncationMode,
)
from distilbert_sentiment_arch.errors import InputError
from distilbert_sentiment_arch.explain.explanation import ExplainOptions
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.lexicon.lexicon_classifier import LexiconClassifier
from distilbert_sentiment_arch.lexicon.settings import EMBEDDED
from distilbert_sentiment_arch.lexicon.word_list import embedded_word_list


def classify(
    model: str | None,
    revision: str | None,
    texts: Sequence[str],
    file: str | None,
    output_format: str,
    truncation: TruncationMode = "end",
    explaining: ExplainOptions | None = None,
    output: str | None = None,
) -> int:
    """Prints a label and the scores of all labels for each text.

    Where a text over the model's limit was truncated, its line states this.

    Args:
        model: A directory, a hub id, the name of an embedded word list, or None for the embedded
            checkpoint.
        revision: Revision of a hub id.
        texts: Texts; ``-`` reads stdin, one text a line.
        file: A file with one text a line.
        output_format: ``table`` or ``jsonl``; of explanations ``text``, ``jsonl`` or ``html``.
        truncation: What is read of a text over the model's limit.
        explaining: How to explain the answers; None for answers only.
        output: The file of explanations; None for stdout.

    Returns:
        The exit status, 0.

    Raises:
        CheckpointError: The checkpoint cannot be served.
        InputError: There are no texts, one is blank, or the file cannot be read.
    """
    inputs = list(_read(texts, file))
    if not inputs:
        raise InputError("Nothing to classify: give texts, - for stdin, or --file.")
    classifier = _classifier(model, revision)
    if explaining is not None:
        from distilbert_sentiment_arch.cli.explain import print_explanations

        print_explanations(
            classifier, inputs, Truncation(truncation), explaining, output_format, output
        )
        return 0
    request = ClassifyRequest(inputs, truncation=Truncation(truncation))
    answers = asyncio.run(classifier.classify(request)).classifications
    if output_format == "jsonl":
        for text, answer in zip(inputs, answers, strict=True):
            print(json.dumps(as_json(text, answer), ensure_ascii=False))
    else:
        _print_table(inputs, answers)
    return 0


def _classifier(model: str | None, revision: str | None) -> Classifier:
    if model in EMBEDDED:
        return LexiconClassifier(embedded_word_list(model))
    found = find_checkpoint(model, FAMILIES, revision)
    print("max-sentiment: loading the model ...", file=sys.stderr, flush=True)
    from distilbert_sentiment_arch.engine import precision_report
    from distilbert_sentiment_arch.engine.in_process import load_classifier

    classifier = load_classifier(found)
    print(f"max-sentiment: {precision_report.latest()}", file=sys.stderr, flush=True)
    return classifier


def _read(texts: Sequence[str], file: str | None) -> Iterator[str]:
    for text in texts:
        if text == "-":
            yield from _lines(_decoded(sys.stdin.buffer.read(), "stdin"))
        else:
            yield text
    if file is not None:
        try:
            content = Path(file).read_bytes()
        except OSError as error:
            raise InputError(f"{file}: not readable ({error}).") from None
        yield from _lines(_decoded(content, file))


def _decoded(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: not UTF-8 text ({error}).") from None


def _lines(content: str) -> list[str]:
    return [line for line in content.split("\n") if line.strip()]


def as_json(text: str, answer: Classification) -> dict[str, object]:
    """Returns the object of one line of the JSON output."""
    return {
        "text": text,
        "label": answer.label,
        "scores": dict(zip(answer.labels.names, answer.scores, strict=True)),
        "tokens": answer.tokens,
        "tokens_read": answer.tokens_read,
    }


def _print_table(texts: Sequence[str], answers: Sequence[Classification]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("label")
    for name in answers[0].labels.names:
        table.add_column(name, justify="right")
    table.add_column("text", overflow="ellipsis", no_wrap=True)
    for text, answer in zip(texts, answers, strict=True):
        note = (
            f"[read {answer.tokens_read} of {answer.tokens} tokens] "
            if answer.tokens_read < answer.tokens
            else ""
        )
        scores = (f"{score:.4f}" for score in answer.scores)
        table.add_row(Text(answer.label), *scores, Text(note + text))
    Console(highlight=False).print(table)
