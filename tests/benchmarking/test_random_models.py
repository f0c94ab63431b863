"""Made-up checkpoints of published shapes, and their tokenizers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts.benchmarking.config import read_config
from scripts.benchmarking.made_tokenizers import BERT_TOKENS, ROBERTA_TOKENS, MadeTokenizer
from scripts.benchmarking.models import BASE_RANDOM
from scripts.benchmarking.paths import CORPUS
from scripts.benchmarking.random_models import RANDOM_MODELS
from scripts.benchmarking.workloads import Workloads, read_corpus

SMALL = {
    "wordpiece": MadeTokenizer("wordpiece", BERT_TOKENS, "BertTokenizer"),
    "byte-level-bpe": MadeTokenizer("byte-level-bpe", ROBERTA_TOKENS, "RobertaTokenizer"),
    "unigram": MadeTokenizer("unigram", ROBERTA_TOKENS, "XLMRobertaTokenizer"),
}
SIZE = 32_000


@pytest.fixture(scope="module", params=SMALL)
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[MadeTokenizer, Path]:
    tokenizer, directory = SMALL[request.param], tmp_path_factory.mktemp(request.param)
    tokenizer.write(directory, SIZE)
    return tokenizer, directory


def test_a_tokenizer_has_its_size_and_no_token_outside(made: tuple[MadeTokenizer, Path]) -> None:
    _, directory = made
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == SIZE
    assert sorted(tokenizer.get_vocab().values()) == list(range(SIZE))


def test_special_tokens_are_where_the_family_has_them(made: tuple[MadeTokenizer, Path]) -> None:
    described, directory = made
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    names = described.names
    cls, sep = names["cls"], names["sep"]
    assert [tokenizer.token_to_id(name) for name in names.values()] == list(range(5))
    between = [sep, sep] if described.kind != "wordpiece" else [sep]
    assert tokenizer.encode("", "").tokens == [cls, *between, sep]
    config = json.loads((directory / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert config["unk_token"] == names["unk"]


def test_english_texts_become_about_a_token_a_word(made: tuple[MadeTokenizer, Path]) -> None:
    _, directory = made
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    texts = [each.text for each in read_corpus(CORPUS, 60)]
    words = sum(len(text.split()) for text in texts)
    tokens = sum(len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts)
    assert words < tokens < 1.6 * words


def test_shapes_have_exactly_their_tokens(made: tuple[MadeTokenizer, Path]) -> None:
    _, directory = made
    workloads = Workloads(directory, seed=1)
    for rows, tokens in ((4, 8), (8, 32), (2, 128)):
        (batch,) = workloads.shape(f"{rows}x{tokens}").batches
        assert batch.input_ids.shape == (rows, tokens)
        assert set(batch.lengths) == {tokens}


@pytest.mark.parametrize("name", RANDOM_MODELS)
def test_configurations_are_complete(name: str) -> None:
    config = RANDOM_MODELS[name].config
    assert config["vocab_size"] > config["pad_token_id"] >= 0
    assert list(RANDOM_MODELS[name].tokenizer.names.values())[config["pad_token_id"]] in {
        "[PAD]",
        "<pad>",
    }


@pytest.mark.parametrize("configuration", ["families", "more-families"])
def test_the_families_are_measured_by_three_engines_in_float32(configuration: str) -> None:
    config = read_config(configuration)
    assert set(config.models) <= {BASE_RANDOM, *RANDOM_MODELS}
    engines = {"max", "onnxruntime-fp32", "openvino-fp32"}
    assert set(config.engines) - {"max-bfloat16x3"} == engines
    assert config.server_models == []


def test_every_family_is_measured() -> None:
    models = [*read_config("families").models, *read_config("more-families").models]
    assert BASE_RANDOM in models
    measured = {
        architecture
        for name in models
        if name in RANDOM_MODELS
        for architecture in RANDOM_MODELS[name].config["architectures"]
    }
    assert set(FAMILIES) - {"DistilBertForSequenceClassification"} <= measured
