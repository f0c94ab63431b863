"""A BERT with one label behind a real server: a re-ranker, against Hugging Face's logits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from family_references import CASES, REFERENCE, SERVED, TEXTS, reference
from scipy.special import expit
from server_process import Server, running_server
from tokenizers import Tokenizer

from scripts import checkpoints
from scripts.oracle import bert as oracle

pytestmark = pytest.mark.slow

NAME = SERVED[checkpoints.BERT]
CASE = CASES[NAME]
ANSWERS = reference(NAME)

PAIRS = [index for index, text in enumerate(TEXTS) if not isinstance(text, str)]
"""Places in ``TEXTS``."""

FIRSTS = [TEXTS[index][0] for index in PAIRS]
SECONDS = [TEXTS[index][1] for index in PAIRS]
TOKENS = [len(ANSWERS[index]["ids"]) for index in PAIRS]
LOGITS = np.array([ANSWERS[index]["logits"][0] for index in PAIRS])

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def reranker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("reranker")
    with running_server(directory, "--model-path", CASE.write(directory / NAME)) as server:
        yield server


def post(server: Server, path: str, **body: Any) -> Any:
    response = server.client.post(path, json=body)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.fixture(scope="module")
def ranked() -> np.ndarray:
    """Logits of the first pair's query with every second text, by the float64 oracle."""
    tokenizer = Tokenizer.from_file(
        str(REFERENCE / "tokenizers" / CASE.tokenizer / "tokenizer.json")
    )
    tokenizer.encode_special_tokens = True
    tensors = {
        name: tensor.astype(np.float64)
        for name, tensor in checkpoints.random_tensors(CASE.config).items()
    }
    encodings = [tokenizer.encode(FIRSTS[0], second) for second in SECONDS]
    found = [oracle.logits(tensors, CASE.config, each.ids, each.type_ids) for each in encodings]
    logits = np.array(found)[:, 0]
    assert logits[0] == pytest.approx(LOGITS[0], abs=1e-5)
    assert np.diff(np.sort(logits)).min() > 2e-5  # their order is beyond doubt
    return logits


def order(logits: np.ndarray) -> list[int]:
    places: list[int] = np.argsort(-logits).tolist()
    return places


def check_ranks(ranks: Sequence[dict[str, Any]], key: str, expected: np.ndarray) -> None:
    assert [rank["index"] for rank in ranks] == order(expected)
    scores = {rank["index"]: rank[key] for rank in ranks}
    found = [scores[index] for index in range(len(expected))]
    np.testing.assert_allclose(found, expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("raw", [False, True])
def test_rerank_of_text_embeddings_inference(
    reranker: Server, ranked: np.ndarray, raw: bool
) -> None:
    body = {"query": FIRSTS[0], "texts": SECONDS, "raw_scores": raw, "return_text": True}
    ranks = post(reranker, "/rerank", **body)
    check_ranks(ranks, "score", ranked if raw else expit(ranked))
    assert [rank["text"] for rank in ranks] == [SECONDS[place] for place in order(ranked)]


@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank", "/v2/rerank"])
@pytest.mark.parametrize("activation", [False, True])
def test_rerank_of_cohere_and_jina(
    reranker: Server, ranked: np.ndarray, path: str, activation: bool
) -> None:
    body = {"query": FIRSTS[0], "documents": SECONDS, "use_activation": activation}
    answer = post(reranker, path, **body)
    check_ranks(answer["results"], "relevance_score", expit(ranked) if activation else ranked)
    assert answer["model"] == NAME
    assert answer["route"] == "model"


@pytest.mark.parametrize("path", ["/score", "/v1/score"])
@pytest.mark.parametrize("activation", [False, True])
def test_scores_of_pairs_are_hugging_face_s(reranker: Server, path: str, activation: bool) -> None:
    body = {"text_1": FIRSTS, "text_2": SECONDS, "use_activation": activation}
    answer = post(reranker, path, **body)
    found = [datum["score"] for datum in answer["data"]]
    expected = expit(LOGITS) if activation else LOGITS
    np.testing.assert_allclose(found, expected, atol=TOLERANCE, rtol=0)
    assert answer["usage"]["prompt_tokens"] == sum(TOKENS)


def test_one_label_is_a_sigmoid_wherever_it_is_asked_for(reranker: Server) -> None:
    answer = post(reranker, "/predict", inputs=[TEXTS[index] for index in PAIRS])
    found = [scores[0]["score"] for scores in answer]
    np.testing.assert_allclose(found, expit(LOGITS), atol=TOLERANCE, rtol=0)
    singles = [index for index, text in enumerate(TEXTS) if isinstance(text, str)][:9]
    answer = post(reranker, "/classify", input=[TEXTS[index] for index in singles])
    found = [datum["probs"] for datum in answer["data"]]
    expected = expit([ANSWERS[index]["logits"] for index in singles])
    np.testing.assert_allclose(found, expected, atol=TOLERANCE, rtol=0)


def test_it_is_no_judge_of_labels(reranker: Server) -> None:
    body = {"input": FIRSTS[0], "candidate_labels": ["travel", "cooking"]}
    response = reranker.client.post("/classify", json=body)
    assert response.status_code == 400
    assert NAME in response.json()["error"]["message"]


def test_the_list_of_models_says_its_limit(reranker: Server) -> None:
    model = reranker.client.get("/v1/models").json()["data"][0]
    assert model["max_model_len"] == CASE.config["max_position_embeddings"]
    assert model["labels"] == ["label-0"]
