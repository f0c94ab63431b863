"""Tokenizers from the files before tokenizer.json: read as published, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from small_tokenizers import ROWS, SAVED, Saved

from distilbert_sentiment_arch.checkpoint.tokenizer_files import check_tokenizer
from distilbert_sentiment_arch.errors import VocabularyError

MODEL_TYPES = {
    "roberta": Saved("byte-level-bpe", ["vocab.json", "merges.txt", "special_tokens_map.json"]),
    "xlm-roberta": Saved("unigram", ["sentencepiece.bpe.model"]),
    "camembert": Saved("unigram", ["sentencepiece.bpe.model"]),
    "electra": Saved("wordpiece-cased", ["vocab.txt"], {"do_lower_case": False}),
    "deberta-v2": Saved(
        "unigram",
        ["spm.model"],
        {"do_lower_case": False, "vocab_type": "spm"},
        ("[PAD]", "[CLS]", "[SEP]", "[UNK]"),
    ),
    "albert": Saved(
        "unigram", ["spiece.model"], {}, ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")
    ),
}
"""Files of a published checkpoint that names no tokenizer class, by its ``model_type``."""


def write(directory: Path, model_type: str, saved: Saved) -> Path:
    saved.write(directory)
    (directory / "config.json").write_text(json.dumps({"model_type": model_type}))
    return directory


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_the_class_of_a_model_type_reads_its_files(tmp_path: Path, model_type: str) -> None:
    check_tokenizer(write(tmp_path, model_type, MODEL_TYPES[model_type]), ROWS)


@pytest.mark.parametrize("name", SAVED)
def test_saved_tokenizers(tmp_path: Path, name: str) -> None:
    check_tokenizer(write(tmp_path, "bert", SAVED[name]), ROWS)


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_a_vocabulary_larger_than_the_embedding(tmp_path: Path, model_type: str) -> None:
    directory = write(tmp_path, model_type, MODEL_TYPES[model_type])
    with pytest.raises(VocabularyError, match="the embedding of the checkpoint has 500 rows"):
        check_tokenizer(directory, 500)


@pytest.mark.parametrize(
    ("model_type", "missing"),
    [
        ("roberta", "no vocab.json with merges.txt"),
        ("xlm-roberta", "no sentencepiece.bpe.model"),
        ("deberta-v2", "no spm.model"),
        ("albert", "no spiece.model"),
        ("mpnet", "no vocab.txt"),
    ],
)
def test_missing_files_are_named(tmp_path: Path, model_type: str, missing: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type}))
    with pytest.raises(VocabularyError, match=f"no tokenizer.json and {missing}"):
        check_tokenizer(tmp_path, ROWS)


def test_a_class_without_files_of_its_own_needs_a_tokenizer_json(tmp_path: Path) -> None:
    directory = write(tmp_path, "modernbert", MODEL_TYPES["roberta"])
    with pytest.raises(
        VocabularyError, match=r"'TokenizersBackend', which needs a tokenizer\.json"
    ):
        check_tokenizer(directory, ROWS)


@pytest.mark.parametrize(
    ("name", "edit", "message"),
    [
        ("merges.txt", lambda text: text.split("\n", 1)[0], "of which it finds 0"),
        ("merges.txt", lambda text: text + "three of them\n", "not two tokens with a space"),
        ("merges.txt", lambda text: text + "no token\n", "no tokenizer that can be used"),
        ("vocab.json", lambda text: "[]", "not a JSON object"),
        ("vocab.json", lambda text: '{"a": -1}', "an id that is no id"),
        ("vocab.json", lambda text: text.replace('"<s>"', '"<other>"'), "merges.txt|'<s>'"),
    ],
)
def test_damaged_byte_pairs(
    tmp_path: Path, name: str, edit: Callable[[str], str], message: str
) -> None:
    directory = write(tmp_path, "roberta", Saved("byte-level-bpe", ["vocab.json", "merges.txt"]))
    path = directory / name
    path.write_text(edit(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(VocabularyError, match=message):
        check_tokenizer(directory, ROWS)


def test_a_sentencepiece_model_without_its_special_tokens(tmp_path: Path) -> None:
    saved = Saved("unigram", ["spm.model"])
    with pytest.raises(VocabularyError, match=r"'\[UNK\]', the unk_token, is none of its pieces"):
        check_tokenizer(write(tmp_path, "deberta-v2", saved), ROWS)


def test_a_file_that_transformers_reads_instead(tmp_path: Path) -> None:
    directory = write(tmp_path, "xlm-roberta", MODEL_TYPES["xlm-roberta"])
    (directory / "tokenizer.model").touch()
    with pytest.raises(VocabularyError, match=r"in place of sentencepiece\.bpe\.model"):
        check_tokenizer(directory, ROWS)
