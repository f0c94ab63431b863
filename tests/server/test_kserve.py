"""KServe V1 by hand, the Open Inference Protocol through tritonclient."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from server_process import Server
from tritonclient import http as triton
from tritonclient.utils import InferenceServerException

pytestmark = pytest.mark.slow

MODEL = "distilbert-minilm-l6-sst2"
TEXTS = ["What a wonderful film.", "Ein Wort: schön.", "I want my money back."]


@pytest.fixture
def client(server: Server) -> Iterator[triton.InferenceServerClient]:
    client = triton.InferenceServerClient(server.url.removeprefix("http://"))
    yield client
    client.close()


def tensor(texts: list[str], binary: bool) -> triton.InferInput:
    data = triton.InferInput("text", [len(texts)], "BYTES")
    data.set_data_from_numpy(np.array(texts, dtype=object), binary_data=binary)
    return data


def test_metadata_and_health(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(MODEL)
    assert not client.is_model_ready("gpt-9")
    assert client.get_server_metadata()["name"] == "max-sentiment"
    metadata = client.get_model_metadata(MODEL)
    assert metadata["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert metadata["outputs"][1] == {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]}


@pytest.mark.parametrize("binary", [True, False])
def test_infer(client: triton.InferenceServerClient, binary: bool) -> None:
    result = client.infer(MODEL, [tensor(TEXTS, binary)], request_id="r1")
    assert result.as_numpy("label").tolist()[::2] == [b"POSITIVE", b"NEGATIVE"] or (
        result.as_numpy("label").tolist()[::2] == ["POSITIVE", "NEGATIVE"]
    )
    probabilities = result.as_numpy("probabilities")
    assert probabilities.shape == (3, 2)
    np.testing.assert_allclose(probabilities.sum(-1), 1, atol=1e-6)
    response = result.get_response()
    assert response["id"] == "r1"
    assert response["model_name"] == MODEL
    assert response["parameters"]["route"] == "model"


def test_requested_outputs(client: triton.InferenceServerClient) -> None:
    wanted = [triton.InferRequestedOutput("logits", binary_data=False)]
    result = client.infer(MODEL, [tensor(TEXTS, False)], outputs=wanted)
    assert [each["name"] for each in result.get_response()["outputs"]] == ["logits"]
    assert result.as_numpy("logits").shape == (3, 2)


def test_window_parameter(client: triton.InferenceServerClient) -> None:
    data = [tensor(["terrible " * 600], True)]
    result = client.infer(MODEL, data, parameters={"truncation": "window"})
    assert result.get_response()["parameters"]["tokens_read"] == [602]
    with pytest.raises(InferenceServerException, match="602 tokens"):
        client.infer(MODEL, data)


def test_unknown_model_and_version_paths(
    client: triton.InferenceServerClient, server: Server
) -> None:
    with pytest.raises(InferenceServerException, match="'gpt-9' is not served here"):
        client.infer("gpt-9", [tensor(TEXTS, True)])
    assert client.infer(MODEL, [tensor(TEXTS, True)], model_version="1").get_response()
    assert server.client.get(f"/v2/models/{MODEL}/versions/1").json()["name"] == MODEL
    assert server.client.get(f"/v2/models/{MODEL}/versions/1/ready").status_code == 200
    assert server.client.get(f"/v2/models/{MODEL}/versions/99").status_code == 404


def infer_body(**changes: Any) -> dict[str, Any]:
    return {"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good"]} | changes


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"inputs": []},
        {"inputs": [infer_body(), infer_body()]},
        {"inputs": [infer_body(name="image")]},
        {"inputs": [infer_body(datatype="FP32")]},
        {"inputs": [infer_body(shape=[2])]},
        {"inputs": [infer_body(shape=[-1])]},
        {"inputs": [infer_body(data=[5])]},
        {"inputs": [infer_body(data=[["a", "b"]])]},
        {"inputs": [infer_body(data=None)]},
        {"inputs": [infer_body(data=None, parameters={"binary_data_size": 4})]},
        {"inputs": [infer_body()], "outputs": [{"name": "embedding"}]},
        {"inputs": [infer_body()], "outputs": [{"name": "logits"}, {"name": "logits"}]},
        {"inputs": [infer_body()], "outputs": [{"name": "logits"}] * 20_000},
        {"inputs": [infer_body()], "parameters": {"truncation": "middle"}},
        [],
    ],
)
def test_bad_requests(server: Server, body: Any) -> None:
    response = server.client.post(f"/v2/models/{MODEL}/infer", json=body)
    assert response.status_code == 400
    assert list(response.json()) == ["error"]


@pytest.mark.parametrize(
    "blob",
    [
        b"\xff\xff\xff\xffgood",
        b"\x04\x00\x00",
        struct.pack("<I", 2) + b"\xff\xfe",
        struct.pack("<I", 2**31),
    ],
)
def test_bad_binary_tensors(server: Server, blob: bytes) -> None:
    head = b'{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","parameters":'
    head += b'{"binary_data_size":%d}}]}' % len(blob)
    for length in (len(head), len(head) + len(blob) + 1, "x", "-1", "9" * 40):
        response = server.client.post(
            f"/v2/models/{MODEL}/infer",
            content=head + blob,
            headers={"Inference-Header-Content-Length": str(length)},
        )
        assert response.status_code == 400, length


def test_v1(server: Server) -> None:
    path = f"/v1/models/{MODEL}:predict"
    answer = server.client.post(path, json={"instances": ["I love it.", "I hate it."]}).json()
    assert answer["route"] == "model"
    positive, negative = answer["predictions"]
    assert (positive["label"], negative["label"]) == ("POSITIVE", "NEGATIVE")
    assert sum(positive["scores"].values()) == pytest.approx(1)
    for body, status in (
        ({"instances": []}, 400),
        ({"instances": [5]}, 400),
        ({}, 400),
        ({"instances": [""]}, 400),
        ({"instances": ["good " * 600]}, 400),
    ):
        refused = server.client.post(path, json=body)
        assert (refused.status_code, list(refused.json())) == (status, ["error"])
    assert server.client.post("/v1/models/gpt-9:predict", json={"instances": ["a"]}).json() == {
        "error": f"The model 'gpt-9' is not served here. Served: '{MODEL}', 'afinn-111', 'mvp-29'."
    }
    cut = server.client.post(
        path,
        json={"instances": ["good " * 600], "parameters": {"truncation": "end"}},
    ).json()
    assert cut["predictions"][0]["truncation"]["tokens_read"] == 512
