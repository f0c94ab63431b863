"""Command ``max-sentiment families``: what can be served."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from distilbert_sentiment_arch.checkpoint.family import Family
from distilbert_sentiment_arch.families.registry import FAMILIES

TOKENIZERS = {
    "WordPiece": "tokenizer.json or vocab.txt",
    "byte-level BPE": "tokenizer.json, or vocab.json and merges.txt",
    "Unigram": "tokenizer.json, sentencepiece.bpe.model or spm.model",
}
"""Kinds of tokenizers, and the files that any family may have them in."""


def families(*, as_json: bool) -> int:
    """Prints the model families that are served, with what their checkpoints may be.

    Args:
        as_json: Print a JSON object in place of text.

    Returns:
        The exit status, 0.
    """
    if as_json:
        print(json.dumps(listing(), indent=2))
    else:
        print("\n".join(lines(FAMILIES.values())))
    return 0


def listing() -> dict[str, Any]:
    """Returns what is printed as JSON."""
    return {
        "families": [
            {
                "architecture": family.architecture,
                "model_type": family.model_type,
                "head": family.head,
                "precisions": family.precisions,
                "examples": family.examples,
            }
            for family in FAMILIES.values()
        ],
        "tokenizers": TOKENIZERS,
    }


def lines(found: Iterable[Family]) -> Iterable[str]:
    """Yields the lines of the text: a paragraph for each family, then the tokenizers."""
    for family in found:
        yield f"{family.architecture}  (model_type {family.model_type})"
        yield f"  head        {family.head}"
        yield f"  precisions  {', '.join(family.precisions)}"
        for number, example in enumerate(family.examples):
            yield f"  {'' if number else 'examples':10}  {example}"
        yield ""
    yield "Tokenizers, each with any family:"
    for kind, files in TOKENIZERS.items():
        yield f"  {kind:15} {files}"
