"""Tokenizer files: a tokenizer that does not fit the model is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from distilbert_sentiment_arch.checkpoint.tokenizer_files import check_tokenizer
from distilbert_sentiment_arch.errors import VocabularyError
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY
from scripts.checkpoint_fuzz.base import Variant, valid_checkpoint
from scripts.checkpoint_fuzz.cases import write

Edit = Callable[[dict[str, Any]], Any]

ROWS = 59
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def check(directory: Path, variant: Variant, edit: Edit, rows: int = ROWS) -> None:
    """Checks the tokenizer of a valid checkpoint after an edit of its documents."""
    checkpoint = valid_checkpoint(variant, 1)
    assert checkpoint.documents["config.json"]["vocab_size"] == ROWS
    edit(checkpoint.documents)
    write(checkpoint, directory)
    check_tokenizer(directory, rows)


def tokenizer(**changes: Any) -> Edit:
    return lambda documents: documents["tokenizer.json"].update(changes)


def model(**changes: Any) -> Edit:
    return lambda documents: documents["tokenizer.json"]["model"].update(changes)


def settings(**changes: Any) -> Edit:
    return lambda documents: documents["tokenizer_config.json"].update(changes)


def no_special_tokens(documents: dict[str, Any]) -> None:
    template = documents["tokenizer.json"]["post_processor"]
    template["single"] = [template["single"][1]]
    template["pair"] = [template["pair"][1], template["pair"][3]]


def pair_without_the_last(documents: dict[str, Any]) -> None:
    documents["tokenizer.json"]["post_processor"]["pair"].pop()


def unknown_piece(documents: dict[str, Any]) -> None:
    documents["tokenizer.json"]["post_processor"]["pair"][0]["SpecialToken"]["id"] = "[BOS]"


def two_ids_for_one(documents: dict[str, Any]) -> None:
    documents["tokenizer.json"]["post_processor"]["special_tokens"]["[CLS]"]["ids"] = [2, 2]


def swapped(documents: dict[str, Any]) -> None:
    tokens = documents["tokenizer.json"]["post_processor"]["special_tokens"]
    tokens["[CLS]"]["ids"], tokens["[SEP]"]["ids"] = tokens["[SEP]"]["ids"], tokens["[CLS]"]["ids"]


def without(token: str) -> Edit:
    def edit(documents: dict[str, Any]) -> None:
        document = documents["tokenizer.json"]
        del document["model"]["vocab"][token]
        document["added_tokens"] = [
            each for each in document["added_tokens"] if each["content"] != token
        ]

    return edit


def one_id_for_two(documents: dict[str, Any]) -> None:
    documents["tokenizer.json"]["model"]["vocab"]["good"] = 30


# name -> (edit, what the message says)
REFUSED: dict[str, tuple[Edit, str]] = {
    "no [CLS] and [SEP]": (no_special_tokens, r"makes \[\] of an empty text.*\[2, 3\]"),
    "a pair without its end": (pair_without_the_last, "of an empty pair"),
    "a template of other tokens": (unknown_piece, r"'\[BOS\]'.* none of its special tokens"),
    "a token of two ids": (two_ids_for_one, "one id and one token for each"),
    "[CLS] and [SEP] swapped": (swapped, r"makes \[3, 2\] of an empty text"),
    "no [CLS] in the vocabulary": (without("[CLS]"), "tokenizer.json"),
    "no [UNK] in the vocabulary": (without("[UNK]"), "tokenizer.json"),
    "another unknown token": (model(unk_token="[PAD]"), r"'\[PAD\]' here and '\[UNK\]' in"),
    "one id for two tokens": (one_id_for_two, "one id to two tokens"),
    "no token at all": (model(vocab={}), "no vocabulary"),
    "ids that are no integers": (model(vocab={"a": 1.5}), "no id"),
    "byte pairs": (
        model(type="BPE"),
        "model is 'BPE', and a BertTokenizer has WordPiece|normalizer is 'BertNormalizer'",
    ),
    "another splitter": (
        tokenizer(pre_tokenizer={"type": "ByteLevel"}),
        "pre_tokenizer is 'ByteLevel'",
    ),
    "another normalizer": (
        tokenizer(normalizer={"type": "Sequence", "normalizers": [{"type": "Precompiled"}]}),
        "Precompiled",
    ),
    "words that are too long": (model(max_input_chars_per_word=0), "words of its vocabulary"),
    "case disagrees": (settings(do_lower_case=False), "lowercase is True and do_lower_case False"),
    "added token of another id": (
        lambda documents: documents["tokenizer.json"]["added_tokens"][0].update(id=7),
        "has the id 7 there, and 0",
    ),
    "another class": (settings(tokenizer_class="T5Tokenizer"), "tokenizer_class is 'T5Tokenizer'"),
    "another file": (settings(vocab_file="/dev/zero"), "vocab_file is '/dev/zero'"),
    "code": (settings(auto_map={"AutoTokenizer": ["a.B", None]}), "auto_map"),
    "no [SEP] named": (settings(sep_token=None), '"sep_token": "\\[SEP\\]"'),
    "a separator that is [CLS]": (settings(sep_token="[CLS]"), "they must differ"),
    "added token in the place of another": (
        settings(added_tokens_decoder={"5": {"content": "<brand>"}}),
        "'<brand>' gets the id 59, and tokenizer_config.json says 5",
    ),
    "added token beyond the embedding": (
        settings(added_tokens_decoder={"59": {"content": "<brand>"}}),
        "knows 60 tokens and the embedding of the checkpoint has 59 rows",
    ),
    "added tokens of no ids": (settings(added_tokens_decoder={"x": {"content": "a"}}), "no number"),
    "added tokens in a list": (settings(added_tokens_decoder=[1]), "no token"),
    "a lone surrogate": (settings(pad_token="\ud800"), "pad_token"),
}


# A tokenizer class other than BertTokenizer does not read do_lower_case.
FITTING = ("case disagrees",)


@pytest.mark.parametrize(
    ("name", "variant"),
    [(name, "tokenizer.json") for name in REFUSED]
    + [(name, "generic") for name in REFUSED if name not in FITTING],
)
def test_a_tokenizer_that_does_not_fit(tmp_path: Path, name: str, variant: Variant) -> None:
    edit, message = REFUSED[name]
    with pytest.raises(VocabularyError, match=message):
        check(tmp_path, variant, edit)


@pytest.mark.parametrize("variant", ["vocab.txt", "tokenizer.json", "generic"])
def test_a_tokenizer_that_fits(tmp_path: Path, variant: Variant) -> None:
    check(tmp_path, variant, lambda documents: None)


def test_added_tokens_and_rounded_embeddings_are_fine(tmp_path: Path) -> None:
    added = settings(added_tokens_decoder={"59": {"content": "<brand>"}})
    check(tmp_path, "tokenizer.json", added, rows=64)


def test_padding_and_truncation_in_the_file_do_not_matter(tmp_path: Path) -> None:
    padding = {
        "strategy": {"Fixed": 16},
        "direction": "Right",
        "pad_to_multiple_of": None,
        "pad_id": 0,
        "pad_type_id": 0,
        "pad_token": "[PAD]",
    }
    check(tmp_path, "generic", tokenizer(padding=padding))


def test_thousands_of_added_tokens_are_added_at_once(tmp_path: Path) -> None:
    added = {str(ROWS + place): {"content": f"<{place}>"} for place in range(10_000 - len(SPECIAL))}
    check(tmp_path, "tokenizer.json", settings(added_tokens_decoder=added), rows=ROWS + len(added))


def test_more_added_tokens_than_are_read(tmp_path: Path) -> None:
    added = {str(ROWS + place): {"content": f"<{place}>"} for place in range(20_000)}
    with pytest.raises(VocabularyError, match="tokens are added to the vocabulary"):
        check(tmp_path, "tokenizer.json", settings(added_tokens_decoder=added))


def test_the_embedded_tokenizer() -> None:
    check_tokenizer(DEFAULT_DIRECTORY, 30522)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("[PAD]\n[UNK]\n[CLS]\na\n", r"'\[SEP\]', the sep_token, is 0 of its lines"),
        ("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[SEP]\n", "is 2 of its lines"),
        ("", "is 0 of its lines"),
        ("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n\udcff\n", "UTF-8"),
    ],
)
def test_an_invalid_vocab_txt_is_refused(tmp_path: Path, lines: str, message: str) -> None:
    (tmp_path / "vocab.txt").write_text(lines, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(VocabularyError, match=message):
        check_tokenizer(tmp_path, 10)


def test_a_lower_case_vocabulary_needs_lower_casing(tmp_path: Path) -> None:
    with pytest.raises(VocabularyError, match="set do_lower_case to true"):
        check(tmp_path, "vocab.txt", settings(do_lower_case=False))


def test_a_vocabulary_with_windows_line_ends(tmp_path: Path) -> None:
    lines = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good"]
    (tmp_path / "vocab.txt").write_bytes("\r\n".join(lines).encode())
    check_tokenizer(tmp_path, 6)


def test_files_that_transformers_prefers_to_vocab_txt_are_refused(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.model").touch()
    with pytest.raises(VocabularyError, match="transformers would read it"):
        check(tmp_path, "vocab.txt", lambda documents: None)


def test_special_tokens_of_other_names(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("<pad>\n<unk>\n<s>\n</s>\n<mask>\ngood\n")
    names = {"pad": "<pad>", "unk": "<unk>", "cls": "<s>", "sep": "</s>", "mask": "<mask>"}
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({f"{name}_token": token for name, token in names.items()})
    )
    check_tokenizer(tmp_path, 6)


def test_a_token_of_thousands_of_characters(tmp_path: Path) -> None:
    with pytest.raises(VocabularyError, match="a token of 5000 characters"):
        check(tmp_path, "tokenizer.json", settings(pad_token="x" * 5000))
