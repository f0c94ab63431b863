"""Each family behind a real server: answers against Hugging Face's logits, and hostile requests.

DistilBERT's answers are those of the other files in this directory, and BERT's those of
``test_operator.py`` and ``test_reranker.py``. The models are the random ones of
``family_references.py``. They have labels of natural language inference, so that they answer
about candidate labels, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from family_references import CASES, LABELS, REFERENCE, SERVED, TEXTS, reference
from hostile import ATTACKS, check_survived, read_attack
from server_process import Server, running_server
from tokenizers import Tokenizer

from distilbert_sentiment_arch.families.registry import FAMILIES
from scripts import checkpoints

TOLERANCE = 1e-4

NLI = ("contradiction", "neutral", "entailment")
NAMES = [*NLI, *(f"label-{index}" for index in range(len(NLI), LABELS))]

HERE = [architecture for architecture in SERVED if architecture != checkpoints.BERT]

ATTACKED = HERE[:2]
"""A model of each kind of tokenizer but WordPiece, which ``test_attacks.py`` has. They are the
first ones: pytest puts tests together by the place of their parameter."""

SPECIAL = [index for index, text in enumerate(TEXTS) if "[SEP]" in str(text)]
"""Texts and pairs with special tokens of every kind in the words of their user."""

TOLD = [*(4, 6, 8, 13, 16, 21, 26, 33, 43, 46, 50, 53, 56), *SPECIAL]
"""The texts and pairs that are sent, by their place in ``TEXTS``."""

PAIRS = [index for index in TOLD if not isinstance(TEXTS[index], str)]
SINGLES = [index for index in TOLD if isinstance(TEXTS[index], str)]


@dataclass(frozen=True)
class Served:
    """A server of one family.

    Attributes:
        server: The server.
        tokenizer: Its tokenizer's directory in ``reference/tokenizers``.
        answers: Those of Hugging Face, in the order of ``TEXTS``.
        limit: Most tokens of a sequence.
    """

    server: Server
    tokenizer: str
    answers: list[dict[str, Any]]
    limit: int

    def post(self, path: str, **body: Any) -> Any:
        response = self.server.client.post(path, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def logits(self, index: int) -> npt.NDArray[np.float64]:
        """Returns Hugging Face's logits of a text."""
        return np.array(self.answers[index]["logits"])

    def tokens(self, indices: list[int]) -> int:
        return sum(len(self.answers[index]["ids"]) for index in indices)


@pytest.fixture(scope="module", params=HERE)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    name = SERVED[request.param]
    case = replace(CASES[name], architecture=request.param)
    directory = tmp_path_factory.mktemp("families")
    names = dict(enumerate(NAMES))
    config = case.config | {"id2label": names, "label2id": {v: k for k, v in names.items()}}
    checkpoint = checkpoints.write_checkpoint(
        directory / name, config, tokenizer=REFERENCE / "tokenizers" / case.tokenizer
    )
    # Where positions are numbered from pad_token_id + 1, there are so many fewer.
    numbered = (checkpoints.ROBERTA, checkpoints.XLM_ROBERTA, checkpoints.CAMEMBERT)
    limit = 158 if request.param in (*numbered, checkpoints.MPNET) else 160
    with running_server(directory, "--model-path", checkpoint) as server:
        yield Served(server, case.tokenizer, reference(name), limit)


def softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    exponentials = np.exp(logits - logits.max())
    result: npt.NDArray[np.float64] = exponentials / exponentials.sum()
    return result


def test_every_other_family_is_served_here() -> None:
    assert set(HERE) == set(FAMILIES) - {checkpoints.BERT, checkpoints.DISTILBERT}
    kinds = {CASES[SERVED[architecture]].tokenizer for architecture in ATTACKED}
    assert kinds == {"byte-level-bpe", "unigram"}
    assert len(SPECIAL) == 4
    assert SPECIAL[-1] in PAIRS


@pytest.mark.slow
def test_texts_have_hugging_face_s_probabilities(served: Served) -> None:
    answer = served.post("/classify", input=[TEXTS[index] for index in SINGLES])
    for index, datum in zip(SINGLES, answer["data"], strict=True):
        expected = softmax(served.logits(index))
        np.testing.assert_allclose(datum["probs"], expected, atol=TOLERANCE, rtol=0)
        assert datum["num_classes"] == LABELS
        assert datum["label"] == NAMES[int(np.argmax(datum["probs"]))]
    assert answer["usage"]["prompt_tokens"] == served.tokens(SINGLES)


@pytest.mark.slow
def test_token_ids_have_the_same_answer(served: Served) -> None:
    ids = [served.answers[index]["ids"] for index in SINGLES]
    answer = served.post("/classify", input=ids, use_activation=False)
    found = [datum["probs"] for datum in answer["data"]]
    expected = [served.logits(index) for index in SINGLES]
    np.testing.assert_allclose(found, expected, atol=TOLERANCE, rtol=0)


@pytest.mark.slow
def test_pairs_have_hugging_face_s_logits(served: Served) -> None:
    response = served.server.client.post(
        "/predict", json={"inputs": [TEXTS[index] for index in PAIRS], "raw_scores": True}
    )
    assert response.status_code == 200, response.text
    for index, ranked in zip(PAIRS, response.json(), strict=True):
        scores = {each["label"]: each["score"] for each in ranked}
        found = [scores[name] for name in NAMES]
        np.testing.assert_allclose(found, served.logits(index), atol=TOLERANCE, rtol=0)
    assert response.headers["X-Sentiment-Tokens"] == str(served.tokens(PAIRS))


@pytest.mark.slow
def test_a_label_of_the_caller_s_own_is_a_pair_s_entailment(served: Served) -> None:
    index = PAIRS[0]
    pair = TEXTS[index]
    options = {"candidate_labels": [pair[1]], "hypothesis_template": "{}"}
    answer = served.post("/classify", input=pair[0], **options)
    (datum,) = answer["data"]
    logits = served.logits(index)
    expected = softmax(logits[[NLI.index("contradiction"), NLI.index("entailment")]])[1]
    assert datum["probs"] == pytest.approx([expected], abs=TOLERANCE)
    assert answer["usage"]["prompt_tokens"] == served.tokens([index])


@pytest.mark.slow
def test_a_text_over_the_limit_is_read_in_windows(served: Served) -> None:
    tokenizer = Tokenizer.from_file(
        str(REFERENCE / "tokenizers" / served.tokenizer / "tokenizer.json")
    )
    tokenizer.encode_special_tokens = True
    text = " ".join(str(TEXTS[index]) for index in SINGLES if index not in SPECIAL) * 3
    tokens = len(tokenizer.encode(text))
    assert tokens > 3 * served.limit
    refused = served.server.client.post("/classify", json={"input": text})
    assert refused.status_code == 400
    assert str(served.limit) in refused.json()["error"]["message"]
    answer = served.post("/classify", input=text, truncation="window")
    (datum,) = answer["data"]
    assert datum["truncation"]["tokens"] == datum["truncation"]["tokens_read"] == tokens
    assert datum["truncation"]["windows"] > 3
    assert sum(datum["probs"]) == pytest.approx(1)


@pytest.mark.slow
def test_the_list_of_models_says_its_limit(served: Served) -> None:
    model = served.server.client.get("/v1/models").json()["data"][0]
    assert model["max_model_len"] == served.limit
    assert model["labels"] == NAMES
    assert model["precision"]["computed"] == "float32"


TOKENIZED = [path for path in ATTACKS if "tokenizers" in read_attack(path)]


@pytest.mark.slow
@pytest.mark.parametrize("served", ATTACKED, indirect=True)
@pytest.mark.parametrize("path", TOKENIZED, ids=lambda path: path.stem)
def test_attack(served: Served, path: Path) -> None:
    """``[tokenizers]`` has the statuses of these two, for vocabularies and limits of their own."""
    attack = read_attack(path)
    check_survived(served.server, attack, attack["tokenizers"][served.tokenizer])
    assert served.server.process.poll() is None
    (datum,) = served.post("/classify", input=TEXTS[SINGLES[0]])["data"]
    np.testing.assert_allclose(datum["probs"], softmax(served.logits(SINGLES[0])), atol=TOLERANCE)
