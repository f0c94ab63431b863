"""tokenizer.json of byte-level BPE and Unigram: components that are not served are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_tokenizers import ROWS, SAVED

from distilbert_sentiment_arch.checkpoint.tokenizer_files import check_tokenizer
from distilbert_sentiment_arch.errors import VocabularyError

Edit = Callable[[dict[str, Any]], Any]

BYTES, PIECES = "RoBERTa, tokenizer.json", "XLM-R, tokenizer.json"


def check(directory: Path, name: str, edit: Edit) -> None:
    """Checks a saved tokenizer after an edit of its tokenizer.json."""
    SAVED[name].write(directory)
    path = directory / "tokenizer.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    edit(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    check_tokenizer(directory, ROWS)


def part(**changes: Any) -> Edit:
    return lambda content: content.update(changes)


def model(**changes: Any) -> Edit:
    return lambda content: content["model"].update(changes)


def replaced(pattern: Any) -> Edit:
    return part(normalizer={"type": "Replace", "pattern": pattern, "content": " "})


METASPACE = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always"}
TEMPLATE: dict[str, Any] = {
    "type": "TemplateProcessing",
    "single": [{"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {},
}

# (tokenizer, edit, what the message says)
REFUSED: dict[str, tuple[str, Edit, str]] = {
    "bytes that are no bytes": (
        BYTES,
        part(pre_tokenizer=METASPACE),
        "pre_tokenizer is 'Metaspace', and a byte-level BPE tokenizer has ByteLevel",
    ),
    "no splitter": (PIECES, part(pre_tokenizer=None), "pre_tokenizer is None"),
    "words that are joined": (
        BYTES,
        part(
            pre_tokenizer={
                "type": "Sequence",
                "pretokenizers": [
                    {
                        "type": "ByteLevel",
                        "add_prefix_space": False,
                        "trim_offsets": True,
                        "use_regex": False,
                    }
                ],
            }
        ),
        "without use_regex",
    ),
    "an expression of exponential time": (
        PIECES,
        replaced({"Regex": "(a+)+$"}),
        "its normalizer replaces",
    ),
    "a splitter by an expression": (
        PIECES,
        part(pre_tokenizer={"type": "Split", "pattern": {"Regex": "(a+)+$"}}),
        "pre_tokenizer is 'Split'",
    ),
    "an algorithm that is none": (BYTES, model(type={"type": "BPE"}), "its model is {'type'"),
    "an added token that is a string": (
        BYTES,
        lambda content: content["added_tokens"].append("<brand>"),
        "added_tokens holds '<brand>', which is no token",
    ),
    "dropout": (BYTES, model(dropout=0.1), "has dropout 0.1"),
    "words in place of bytes": (
        "XLM-R, generic",
        model(type="WordLevel"),
        "model is 'WordLevel', and a TokenizersBackend|PreTrainedTokenizerFast",
    ),
    "bytes in place of pieces": (
        PIECES,
        model(type="BPE"),
        "model is 'BPE', and a XLMRobertaTokenizer has Unigram",
    ),
    "no template": (BYTES, part(post_processor=TEMPLATE), r"makes \[\] of an empty text"),
    "no pieces": (PIECES, model(vocab=[]), "no vocabulary"),
    "pieces without scores": (PIECES, model(vocab=[["<s>"]] * 9), "a piece and its score"),
    "an unknown piece that is none": (PIECES, model(unk_id=9999), "unk_id is 9999"),
    "merges of no tokens": (BYTES, model(merges=[["no", "token"]]), "no tokenizer that can be"),
    "no merges": (BYTES, model(merges=[]), "of which it finds 0"),
    "more pieces than rows": (
        PIECES,
        model(vocab=[[str(place), 0.0] for place in range(ROWS + 1)]),
        f"knows {ROWS + 1} tokens",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_tokenizer_that_is_not_served(tmp_path: Path, name: str) -> None:
    tokenizer, edit, message = REFUSED[name]
    with pytest.raises(VocabularyError, match=message):
        check(tmp_path, tokenizer, edit)


def fewer_fields(content: dict[str, Any]) -> None:
    """Lists of merges as they were written before tokenizers 0.20."""
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        (BYTES, fewer_fields),
        (BYTES, part(normalizer={"type": "NFC"})),
        (PIECES, replaced({"Regex": " {2,}"})),
        (PIECES, replaced({"String": "``"})),
        (PIECES, part(pre_tokenizer=METASPACE)),
    ],
)
def test_published_variants(tmp_path: Path, name: str, edit: Edit) -> None:
    check(tmp_path, name, edit)
