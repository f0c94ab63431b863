"""A server in int8 with a checkpoint quantised ahead: what /v1/models and the log say of it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from server_process import Server, running_server

from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY
from distilbert_sentiment_arch.settings.precision import DEFAULT_PRECISION

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def quantised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("quantised")
    model = directory / "sentiment-int8"
    assert main(["quantize", str(DEFAULT_DIRECTORY), str(model)]) == 0
    with running_server(directory, "--model", model, "--precision", "int8") as server:
        yield server


def precisions(client: httpx.Client) -> dict[str, dict[str, str] | None]:
    return {each["id"]: each["precision"] for each in client.get("/v1/models").json()["data"]}


def test_the_list_of_models_says_the_precision_and_why(quantised: Server) -> None:
    found = precisions(quantised.client)
    assert found == {
        "sentiment-int8": {
            "computed": "int8",
            "requested": "int8",
            "reason": "the setting asks for it",
        },
        "afinn-111": None,
        "mvp-29": None,
    }
    one = quantised.client.get("/v1/models/sentiment-int8").json()
    assert one["precision"] == found["sentiment-int8"]


def test_the_log_says_it_in_one_line(quantised: Server) -> None:
    lines = quantised.log.read_text().splitlines()
    said = [line for line in lines if "computing in int8 (setting: int8)" in line]
    assert len(said) == 1


def test_its_answers_are_those_of_float32_within_the_precision(
    quantised: Server, server: Server
) -> None:
    body = {"input": ["I love it.", "What a bore.", "Not bad at all."]}
    answers, expected = (
        [each["probs"][1] for each in one.client.post("/classify", json=body).json()["data"]]
        for one in (quantised, server)
    )
    assert answers != expected
    assert answers == pytest.approx(expected, abs=0.1)


def test_without_a_setting_the_default_is_requested(server: Server) -> None:
    (choice, *others) = precisions(server.client).values()
    assert choice is not None
    assert choice["requested"] == DEFAULT_PRECISION
    assert others == [None, None]
