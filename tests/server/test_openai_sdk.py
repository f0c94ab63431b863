"""The official openai client against /v1/embeddings and /v1/models of the real server."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openai
import pytest
from server_process import Server

pytestmark = pytest.mark.slow

MODEL = "distilbert-minilm-l6-sst2"
REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "hugging_face.json"


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_embeddings_are_the_logits(client: openai.OpenAI) -> None:
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))["answers"][:20]
    answer = client.embeddings.create(model=MODEL, input=[each["text"] for each in reference])
    assert answer.model == MODEL
    assert [datum.index for datum in answer.data] == list(range(20))
    np.testing.assert_allclose(
        [datum.embedding for datum in answer.data],
        [each["logits"] for each in reference],
        atol=1e-4,
        rtol=0,
    )
    tokens = sum(each["tokens"] for each in reference)
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (tokens, tokens)


def test_float_and_base64_agree(client: openai.OpenAI, server: Server) -> None:
    plain = client.embeddings.create(model=MODEL, input="so good", encoding_format="float")
    packed = server.client.post(
        "/v1/embeddings", json={"input": "so good", "encoding_format": "base64"}
    ).json()["data"][0]["embedding"]
    unpacked = np.frombuffer(base64.b64decode(packed), "<f4")
    np.testing.assert_allclose(plain.data[0].embedding, unpacked, atol=1e-5)


def test_dimensions_other_than_the_labels_are_refused(client: openai.OpenAI) -> None:
    assert client.embeddings.create(model=MODEL, input="ok", dimensions=2).data
    with pytest.raises(openai.BadRequestError, match="dimensions") as caught:
        client.embeddings.create(model=MODEL, input="ok", dimensions=3)
    assert caught.value.param == "dimensions"


def test_unknown_model_is_not_found(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="'gpt-9' is not served here"):
        client.embeddings.create(model="gpt-9", input="ok")


def test_models_are_listed_with_labels_and_limit(client: openai.OpenAI) -> None:
    model, *lexicons = client.models.list().data
    assert [each.id for each in lexicons] == ["afinn-111", "mvp-29"]
    assert model.id == MODEL
    assert model.model_extra is not None
    assert model.model_extra["labels"] == ["NEGATIVE", "POSITIVE"]
    assert model.model_extra["max_model_len"] == 512
    assert client.models.retrieve(MODEL) == model
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-9")


def test_async_client_and_concurrent_requests(server: Server) -> None:
    async def ask() -> list[float]:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none") as client:
            texts = [f"This is {'good' if index % 2 else 'bad'}." for index in range(60)]
            answers = await asyncio.gather(
                *(client.embeddings.create(model=MODEL, input=text) for text in texts)
            )
            return [answer.data[0].embedding[1] for answer in answers]

    positive = np.array(asyncio.run(ask())) > 0
    assert positive.tolist() == [bool(index % 2) for index in range(60)]
