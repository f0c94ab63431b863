"""Unknown paths and wrong methods, in the envelope of the dialect the path belongs to."""

from __future__ import annotations

import pytest
from server_process import Server

pytestmark = pytest.mark.slow

OPENAI, TEI, KSERVE = "openai", "tei", "kserve"


@pytest.mark.parametrize(
    ("method", "path", "status", "dialect"),
    [
        ("GET", "/nothing", 404, OPENAI),
        ("GET", "/redoc", 404, OPENAI),
        ("GET", "/page/nothing", 404, OPENAI),
        ("POST", "/", 405, OPENAI),
        ("POST", "/docs", 405, OPENAI),
        ("POST", "/v1/chat/completions", 404, OPENAI),
        ("POST", "/v1/completions", 404, OPENAI),
        ("POST", "/v1/systemone", 404, OPENAI),
        ("POST", "/invocations", 404, OPENAI),
        ("GET", "/classify", 405, OPENAI),
        ("DELETE", "/v1/models", 405, OPENAI),
        ("PUT", "/v1/embeddings", 405, OPENAI),
        ("GET", "/predict", 405, TEI),
        ("POST", "/predict/more", 404, TEI),
        ("GET", "/rerank", 405, TEI),
        ("GET", "/v1/rerank", 405, OPENAI),
        ("GET", "/v2/rerank", 405, OPENAI),
        ("DELETE", "/score", 405, OPENAI),
        ("GET", "/v2/nothing", 404, KSERVE),
        ("GET", "/v2/models/a/infer/b", 404, KSERVE),
        ("POST", "/v2/health/live", 405, KSERVE),
        ("GET", "/v2/models/distilbert-minilm-l6-sst2/infer", 405, KSERVE),
        ("POST", "/v2/models//infer", 404, KSERVE),
        ("GET", "/v1/models/distilbert-minilm-l6-sst2:predict", 405, KSERVE),
        ("POST", "/v1/models/:predict", 404, KSERVE),
    ],
)
def test_envelope(server: Server, method: str, path: str, status: int, dialect: str) -> None:
    response = server.client.request(method, path, json={})
    assert response.status_code == status
    body = response.json()
    assert set(body) == ({"error", "error_type"} if dialect == TEI else {"error"})
    if dialect == OPENAI:
        assert body["error"]["code"] == status
    else:
        assert isinstance(body["error"], str)
    assert ("Allow" in response.headers) == (status == 405)


@pytest.mark.parametrize("path", ["/health", "/v1/health", "/ping", "/version", "/docs"])
def test_probes_and_documents_stay(server: Server, path: str) -> None:
    assert server.client.get(path).status_code == 200


def test_openapi_lists_our_routes_and_hides_what_is_not_there(server: Server) -> None:
    document = server.client.get("/openapi.json").json()
    ours = {
        "/classify",
        "/v1/classify",
        "/predict",
        "/rerank",
        "/v1/rerank",
        "/v2/rerank",
        "/score",
        "/v1/score",
        "/v1/decisions",
        "/v1/embeddings",
        "/v1/explain",
        "/v1/lexicon/classify",
        "/v1/models",
        "/v1/models/{name}",
        "/v1/models/{name}:explain",
        "/v1/models/{name}:predict",
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/{name}",
        "/v2/models/{name}/ready",
        "/v2/models/{name}/infer",
        "/ready",
    }
    of_max = {"/version", "/health", "/reset_prefix_cache"}
    internal = {"/max_internal/eplb_stats", "/max_internal/eplb_stats_reset"}
    assert set(document["paths"]) == ours | of_max | internal
    body = document["paths"]["/classify"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["title"] == "ClassifyBody"
    assert set(body["schema"]["properties"]) >= {"input", "truncation", "fallback"}
    infer = document["paths"]["/v2/models/{name}/infer"]["post"]["requestBody"]
    tensor = infer["content"]["application/json"]["schema"]["properties"]["inputs"]["items"]
    assert tensor["properties"]["datatype"]["const"] == "BYTES"
    embeddings = document["paths"]["/v1/embeddings"]["post"]["responses"]
    for status in ("400", "401", "404", "405", "413", "415", "422", "429", "500", "503"):
        reference = embeddings[status]["content"]["application/json"]["schema"]["$ref"]
        assert reference.endswith("/OpenAIErrorResponse")
