"""What an operator sets: keys, limits, tracing, and a checkpoint of another family and head."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import numpy as np
import openai
import pytest
from bert_reference import CONFIG, TEXTS, reference, write_checkpoint
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from scipy.special import expit
from server_process import Server, running_server

from scripts import checkpoints
from scripts.oracle import bert as oracle

pytestmark = pytest.mark.slow

KEYS = ("first-secret-key", "second-secret-key")
IDS = [2, 10, 11, 12, 3]


class Collector(BaseHTTPRequestHandler):
    """An OTLP collector that keeps the attributes of every span."""

    spans: ClassVar[list[tuple[str, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            import gzip

            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                for span in scope.spans:
                    attributes = {each.key: each.value for each in span.attributes}
                    self.spans.append((span.name, attributes))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@dataclass
class Secured:
    """The server and the file that its keys are in."""

    server: Server
    keys_file: Path

    def post(self, path: str, body: Any, key: str | None = KEYS[0]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return self.server.client.post(path, json=body, headers=headers)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    directory = tmp_path_factory.mktemp("secured")
    checkpoint = write_checkpoint(directory / "moderation")
    keys_file = directory / "keys"
    keys_file.write_text(f"# for the tests\n{KEYS[0]}\n\n{KEYS[1]}  # rotated in May\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever, daemon=True).start()
        traces = f"http://127.0.0.1:{collector.server_port}/v1/traces"
        with running_server(
            directory,
            *("--model", checkpoint, "--api-keys-file", keys_file),
            *("--max-inputs", "4", "--max-request-tokens", "300", "--max-body-bytes", "20000"),
            environment={
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": traces,
                "OTEL_BSP_SCHEDULE_DELAY": "200",
                "MAX_SENTIMENT_API_KEYS": "inline-secret-key",
            },
        ) as server:
            yield Secured(server, keys_file)
        collector.shutdown()


ROUTES: dict[str, tuple[str, Any]] = {
    "vllm": ("/classify", {"input": [IDS]}),
    "openai": ("/v1/embeddings", {"input": [IDS]}),
    "decisions": (
        "/v1/decisions",
        {
            "model": "moderation",
            "input": "a b c",
            "questions": [{"type": "predicate", "name": "spam", "instructions": "Is it spam?"}],
        },
    ),
    "tei": ("/predict", {"inputs": "a b c"}),
    "kserve-v1": ("/v1/models/moderation:predict", {"instances": ["a b c"]}),
    "kserve-v2": (
        "/v2/models/moderation/infer",
        {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["a b c"]}]},
    ),
}


def error_keys(dialect: str) -> set[str]:
    return {"error", "error_type"} if dialect == "tei" else {"error"}


@pytest.mark.parametrize("dialect", ROUTES)
@pytest.mark.parametrize("key", [None, "wrong", "first-secret-ke", "FIRST-SECRET-KEY"])
def test_no_key_no_answer(secured: Secured, dialect: str, key: str | None) -> None:
    path, body = ROUTES[dialect]
    response = secured.post(path, body, key)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert set(response.json()) == error_keys(dialect)


@pytest.mark.parametrize("dialect", ROUTES)
@pytest.mark.parametrize("key", [*KEYS, "inline-secret-key"])
def test_every_key_opens_every_dialect(secured: Secured, dialect: str, key: str) -> None:
    path, body = ROUTES[dialect]
    response = secured.post(path, body, key)
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    "path", ["/health", "/ready", "/v1/health", "/ping", "/v2/health/live", "/v2/health/ready"]
)
def test_probes_and_metrics_need_none(secured: Secured, path: str) -> None:
    assert secured.server.client.get(path).status_code == 200
    assert httpx.get(secured.server.metrics_url, trust_env=False).status_code == 200


def test_openai_client_with_and_without_its_key(secured: Secured) -> None:
    url = f"{secured.server.url}/v1"
    with openai.OpenAI(base_url=url, api_key=KEYS[1], max_retries=0) as client:
        assert client.models.list().data[0].id == "moderation"
    wrong = openai.OpenAI(base_url=url, api_key="wrong", max_retries=0)
    with wrong, pytest.raises(openai.AuthenticationError):
        wrong.models.list()


def test_keys_are_read_again_when_the_file_changes(secured: Secured) -> None:
    before = secured.keys_file.read_text()
    path, body = ROUTES["vllm"]
    try:
        new = secured.keys_file.with_suffix(".new")
        new.write_text("a-third-secret-key\n")
        os.replace(new, secured.keys_file)
        assert secured.post(path, body, "a-third-secret-key").status_code == 200
        assert secured.post(path, body, KEYS[0]).status_code == 401
        secured.keys_file.unlink()  # a Secret on its way: what was known holds
        assert secured.post(path, body, "a-third-secret-key").status_code == 200
    finally:
        secured.keys_file.write_text(before)
    assert secured.post(path, body, KEYS[0]).status_code == 200


def test_keys_are_never_logged(secured: Secured) -> None:
    log = secured.server.log.read_text(encoding="utf-8")
    assert '"status": 401' in log
    assert "secret-key" not in log


OVER: dict[str, tuple[str, Any]] = {
    "vllm": ("/classify", {"input": ["a"] * 5}),
    "openai": ("/v1/embeddings", {"input": ["a"] * 5}),
    "tei": ("/predict", {"inputs": [["a"]] * 5}),
    "kserve-v1": ("/v1/models/moderation:predict", {"instances": ["a"] * 5}),
    "kserve-v2": (
        "/v2/models/moderation/infer",
        {"inputs": [{"name": "text", "shape": [5], "datatype": "BYTES", "data": ["a"] * 5}]},
    ),
}


@pytest.mark.parametrize("dialect", OVER)
def test_too_many_inputs(secured: Secured, dialect: str) -> None:
    path, body = OVER[dialect]
    response = secured.post(path, body)
    assert response.status_code == 413
    assert set(response.json()) == error_keys(dialect)
    assert "5 inputs" in response.text


def test_too_many_tokens_in_one_request(secured: Secured) -> None:
    response = secured.post("/classify", {"input": "a " * 500, "truncation": "window"})
    assert response.status_code == 413
    assert "more than 300 tokens" in response.json()["error"]["message"]


@pytest.mark.parametrize("dialect", ROUTES)
def test_body_over_the_limit(secured: Secured, dialect: str) -> None:
    path, body = ROUTES[dialect]
    response = secured.post(path, body | {"padding": "x" * 20_000})
    assert response.status_code == 413
    assert set(response.json()) == error_keys(dialect)


def test_multi_label_head(secured: Secured) -> None:
    tensors = {
        name: tensor.astype(np.float64)
        for name, tensor in checkpoints.random_tensors(CONFIG).items()
    }
    expected = oracle.logits(tensors, CONFIG, IDS)
    raw = secured.post("/classify", {"input": [IDS], "use_activation": False}).json()["data"][0]
    np.testing.assert_allclose(raw["probs"], expected, atol=1e-4)
    datum = secured.post("/classify", {"input": [IDS]}).json()["data"][0]
    np.testing.assert_allclose(datum["probs"], expit(expected), atol=1e-4)
    assert datum["num_classes"] == 3
    assert datum["label"] == ("toxic", "spam", "praise")[int(expected.argmax())]


def test_predict_of_several_labels_is_no_softmax(secured: Secured) -> None:
    """Unlike text-embeddings-inference's, which takes the softmax wherever there are two labels."""

    def scores(**options: bool) -> dict[str, float]:
        answer = secured.post("/predict", {"inputs": "A fine film.", **options}).json()
        return {each["label"]: each["score"] for each in answer}

    logits = scores(raw_scores=True)
    assert scores() == pytest.approx({label: expit(each) for label, each in logits.items()})
    assert sum(scores().values()) != pytest.approx(1, abs=0.01)


def test_pairs_have_hugging_face_s_logits(secured: Secured) -> None:
    """The served model is a BERT, whose second texts have token types of their own."""
    labels = CONFIG["id2label"].values()
    for text, expected in zip(TEXTS, reference(), strict=True):
        inputs = [list(text)] if isinstance(text, tuple) else text
        answer = secured.post("/predict", {"inputs": inputs, "raw_scores": True})
        assert answer.status_code == 200, answer.text
        found = answer.json()[0] if isinstance(text, tuple) else answer.json()
        scores = {each["label"]: each["score"] for each in found}
        np.testing.assert_allclose(
            [scores[label] for label in labels], expected["logits"], atol=1e-4
        )


def test_labels_that_do_not_exclude_each_other_are_no_choice(secured: Secured) -> None:
    path, body = ROUTES["decisions"]
    options = [{"value": "spam"}, {"value": "toxic"}]
    choice = {"type": "choice", "instructions": "Which?", "choices": options}
    answers = secured.post(path, body | {"questions": [choice, *body["questions"]]}).json()
    assert [answer["type"] for answer in answers["answers"]] == ["refusal", "predicate"]


def test_spans_are_exported(secured: Secured) -> None:
    path, body = ROUTES["vllm"]
    secured.post(path, body)
    # Requests that were refused have spans, too, and no pass to time.
    deadline = time.monotonic() + 20
    answered: list[dict[str, Any]] = []
    while not answered and time.monotonic() < deadline:
        time.sleep(0.1)
        answered = [
            attributes
            for name, attributes in Collector.spans
            if name == "sentiment.classify" and "sentiment.compute_ms" in attributes
        ]
    assert answered[0]["sentiment.inputs"].int_value == 1
    assert answered[0]["sentiment.compute_ms"].double_value > 0


DOCUMENTS = ("/docs", "/openapi.json")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("GET", path) for path in DOCUMENTS),
        ("POST", "/reset_prefix_cache"),
        ("GET", "/max_internal/eplb_stats"),
        ("GET", "/nothing"),
        ("GET", "/redoc"),
        ("GET", "/classify"),
        ("POST", "/v2/nothing"),
        ("GET", "/v1/models"),
    ],
)
def test_nothing_else_is_told_without_a_key(secured: Secured, method: str, path: str) -> None:
    response = secured.server.client.request(method, path)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert set(response.json()) == {"error"}
    with_key = {"Authorization": f"Bearer {KEYS[0]}"}
    response = secured.server.client.request(method, path, headers=with_key)
    assert response.status_code == (200 if path in (*DOCUMENTS, "/v1/models") else 404) or (
        path in ("/reset_prefix_cache", "/classify") and response.status_code in (400, 405)
    )


def test_a_probe_lists_no_names(secured: Secured) -> None:
    response = secured.server.client.get("/v2/models/another/ready")
    assert response.status_code == 404
    assert "moderation" not in response.text
    assert "afinn" not in response.text
    assert secured.server.client.get("/v2/models/moderation/ready").status_code == 200
