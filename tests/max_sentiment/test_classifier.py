"""The public Python API, with the embedded checkpoint and a word list."""

from __future__ import annotations

import asyncio
import os
import pickle
import threading
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from datasets import Dataset
from datasets.fingerprint import Hasher

from distilbert_sentiment_arch.classify.interface import ClassifyRequest
from distilbert_sentiment_arch.classify.model_classifier import ModelClassifier
from max_sentiment import (
    CheckpointError,
    Classification,
    Classifier,
    DeviceError,
    InputError,
    SentimentError,
    TextPair,
)

TEXTS = ["I love it.", "I hate it.", "Ein Wort é"]


@pytest.fixture(scope="module")
def model() -> Iterator[Classifier]:
    with Classifier.load() as classifier:
        yield classifier


@pytest.fixture(scope="module")
def word_list() -> Classifier:
    return Classifier.load("afinn-111")


@pytest.mark.slow
def test_answers_are_those_of_the_server_s_path(
    model: Classifier, embedded: ModelClassifier
) -> None:
    inputs = [*TEXTS, TextPair("Is it good?", "It is.")]
    served = asyncio.run(embedded.classify(ClassifyRequest(inputs))).classifications
    assert model.classify([*TEXTS, ("Is it good?", "It is.")]) == served
    assert model.labels == ("NEGATIVE", "POSITIVE")
    assert repr(model) == "<Classifier distilbert-minilm-l6-sst2 on cpu, float32>"


@pytest.mark.slow
def test_truncation(model: Classifier) -> None:
    text = "bad " * 600
    (cut,) = model.classify([text])
    (whole,) = model.classify([text], truncation="window")
    assert (cut.tokens, cut.tokens_read, cut.windows) == (602, 512, 1)
    assert (whole.tokens_read, whole.windows) == (602, 2)
    with pytest.raises(InputError, match="Input 1 has 602 tokens"):
        model.classify(["good", text], truncation=None)
    with pytest.raises(InputError, match="'middle'; possible are start, end, window"):
        model.classify([text], truncation="middle")  # type: ignore[arg-type]


@pytest.mark.slow
def test_threads_and_running_event_loops_may_call_it(model: Classifier) -> None:
    expected = model.classify(TEXTS)

    async def within_a_loop() -> list[Classification]:
        return model.classify(TEXTS)

    assert asyncio.run(within_a_loop()) == expected
    found: list[list[Classification]] = []
    threads = [
        threading.Thread(target=lambda: found.append(model.classify(TEXTS))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 and later
def test_a_fork_says_that_it_cannot_compute(model: Classifier) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            model.classify(TEXTS)
        except SentimentError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as said:
        assert "loaded before this process was forked" in said.read()


def test_many_texts_come_back_in_order(word_list: Classifier) -> None:
    texts = [f"{'good' if index % 3 else 'bad'} film {index}" for index in range(9000)]
    answers = word_list.classify(iter(texts))
    assert [answer.label for answer in answers] == [
        "POSITIVE" if index % 3 else "NEGATIVE" for index in range(9000)
    ]


def test_no_texts(word_list: Classifier) -> None:
    assert word_list.classify([]) == []
    assert set(map(tuple, word_list.columns([]).values())) == {()}


def test_the_first_bad_text_is_named_by_its_place(word_list: Classifier) -> None:
    with pytest.raises(InputError, match=r"^Input 2 is blank\."):
        word_list.classify(["good", "bad", " ", ""])
    texts: list[str] = ["good"] * 5000
    texts[4100] = "a\0b"
    with pytest.raises(InputError, match=r"^Input 4100 contains NUL"):
        word_list.classify(texts)
    with pytest.raises(InputError, match="Input 1 is missing, and no text"):
        word_list.classify(["good", None])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="pass a list of texts"):
        word_list.classify("good")


def test_pandas(word_list: Classifier) -> None:
    frame = pd.DataFrame({"review": ["good", None, "bad"]}, index=[7, 8, 9])
    assert [each.label for each in word_list.classify(frame.review.dropna())] == [
        "POSITIVE",
        "NEGATIVE",
    ]
    joined = frame.join(pd.DataFrame(word_list.columns(frame.review), index=frame.index))
    assert joined.label.fillna("none").tolist() == ["POSITIVE", "none", "NEGATIVE"]
    assert joined.error[8].startswith("The value is missing")


def test_columns_of_an_arrow_array_and_of_numpy(word_list: Classifier) -> None:
    for texts in (pa.chunked_array([["good"], ["bad"]]), np.array(["good", "bad"])):
        columns = word_list.columns(texts)
        assert columns["label"] == ["POSITIVE", "NEGATIVE"]
        assert [len(each) for each in columns["probabilities"]] == [3, 3]
        assert columns["score"] == [max(each) for each in columns["probabilities"]]
        assert columns["route"] == ["lexicon"] * 2
        assert columns["error"] == [None] * 2


def test_datasets_map_finds_its_result_again(word_list: Classifier) -> None:
    def add(batch: dict[str, list[str]]) -> dict[str, list[object]]:
        return word_list.columns(batch["text"])

    again = pickle.loads(pickle.dumps(word_list))
    assert again.classify(["good"]) == word_list.classify(["good"])
    assert Hasher.hash(add) == Hasher.hash(add)
    assert Hasher.hash(word_list) == Hasher.hash(again)
    assert Hasher.hash(word_list) != Hasher.hash(Classifier.load("mvp-29"))
    mapped = Dataset.from_dict({"text": ["good", "bad", " "]}).map(add, batched=True)
    assert mapped["label"][:] == ["POSITIVE", "NEGATIVE", None]


def test_what_cannot_be_loaded() -> None:
    with pytest.raises(CheckpointError, match="no such directory"):
        Classifier.load("./nothing-here")
    with pytest.raises(CheckpointError, match="'int4' is not known: name one of float32"):
        Classifier.load(precision="int4")  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match="'vader' is not known: name one of afinn-111"):
        Classifier.load(fallback="vader")
    with pytest.raises(CheckpointError, match="The device 'cuda' is not known: name cpu"):
        Classifier.load(device="cuda")
    with pytest.raises(DeviceError, match="The device 'gpu:99' was asked for, and MAX finds"):
        Classifier.load(device="gpu:99")


def test_a_closed_classifier_says_so(word_list: Classifier) -> None:
    with Classifier.load("mvp-29") as classifier:
        assert classifier.classify(["good"])[0].label == "POSITIVE"
    with pytest.raises(SentimentError, match="closed"):
        classifier.classify(["good"])
    assert repr(classifier) == "<Classifier, closed>"


def test_an_error_that_is_kept_keeps_no_thread(word_list: Classifier) -> None:
    """A notebook keeps the last one, with all that its frames hold."""
    with pytest.raises(InputError, match="Input 5000 is blank") as kept:
        word_list.classify([*["Good."] * 5000, " ", *["Good."] * 50_000])
    names = {each.name for each in threading.enumerate()}
    assert not {"read rows", "answer rows"} & names, kept
