"""What a browser is answered at ``/`` and below ``/page/``, and what a program is."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.lexicon.settings import LexiconSettings
from distilbert_sentiment_arch.serving import browsing, page_files
from distilbert_sentiment_arch.serving.endpoints import ENDPOINTS
from distilbert_sentiment_arch.serving.routing import label_of
from distilbert_sentiment_arch.serving.standalone.routes import lexicon_app
from distilbert_sentiment_arch.serving.standalone.server import assemble
from distilbert_sentiment_arch.serving.standalone.telemetry import LocalTelemetry
from distilbert_sentiment_arch.settings.defaults import DEFAULT_NAME, VERSION

LABELS = LabelSet(("NEGATIVE", "POSITIVE"), "single_label_classification")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
FILES = sorted(each.name for each in page_files.DIRECTORY.iterdir())


def client(monkeypatch: pytest.MonkeyPatch, **environment: str) -> TestClient:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    telemetry = LocalTelemetry("127.0.0.1", 0, 0)
    application = assemble(DEFAULT_NAME, LABELS, LexiconSettings.from_environment(), telemetry)
    return TestClient(lexicon_app(application, 100_000))


def path_of(file: str) -> str:
    return "/" if file == "index.html" else f"/page/{file}"


@pytest.mark.parametrize("file", FILES)
def test_a_file_is_that_of_the_package(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    server = client(monkeypatch)
    content = (page_files.DIRECTORY / file).read_bytes()
    answer = server.get(path_of(file), headers={"Accept": "text/html"})
    assert (answer.status_code, answer.content) == (200, content)
    media_type = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
    assert answer.headers["Content-Type"] == media_type[file.split(".")[-1]] + "; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    head = server.head(path_of(file), headers={"Accept": "text/html"})
    assert head.status_code == 200
    assert head.headers["Content-Length"] == str(len(content))


def test_the_page_is_small_and_writes_no_markup() -> None:
    files = [(page_files.DIRECTORY / name).read_text(encoding="utf-8") for name in FILES]
    assert sum(len(each.encode()) for each in files) < 60_000
    written = r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|DOMParser"
    assert not re.search(written, "".join(files))


def test_a_file_that_the_browser_has_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    server = client(monkeypatch)
    etag = server.get("/page/page.css").headers["ETag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        answer = server.get("/page/page.css", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == etag
    stale = server.get("/page/page.css", headers={"If-None-Match": '"other"'})
    assert stale.status_code == 200


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER, True),
        ("text/html", True),
        ("TEXT/HTML;q=0.5", True),
        ("application/json", False),
        ("*/*", False),
        ("text/*", False),
        ("", False),
        ("text/html;q=0", False),
        ("text/html;q=x", False),
        ("text/html;q=0.5, application/json", False),
        ("text/html, application/json;q=0.5", True),
        (",;,text/html", True),
    ],
)
def test_html_is_for_who_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, accept: str, html: bool
) -> None:
    answer = client(monkeypatch).get("/", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["Vary"] == "Accept"
    assert answer.headers["Content-Type"].startswith("text/html" if html else "application/json")


def test_the_index_says_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    index = client(monkeypatch).get("/").json()
    assert (index["name"], index["version"]) == ("max-sentiment", VERSION)
    assert {"id": DEFAULT_NAME, "route": "lexicon"} in index["models"]
    assert len(index["routes"]) == len(ENDPOINTS)
    for route in index["routes"]:
        assert route["summary"].endswith(".")
        assert ":model" not in route["path"]
    assert index["documentation"] == {"openapi": "/openapi.json", "html": "/docs"}


def test_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    server = client(monkeypatch, MAX_SENTIMENT_PAGE="off")
    for path in ("/", "/page/page.css"):
        for method in ("GET", "HEAD", "POST"):
            assert server.request(method, path, headers={"Accept": BROWSER}).status_code == 404


def test_files_need_no_key_and_names_of_models_do(monkeypatch: pytest.MonkeyPatch) -> None:
    server = client(monkeypatch, MAX_SENTIMENT_API_KEYS="secret")
    assert server.get("/", headers={"Accept": BROWSER}).status_code == 200
    assert server.get("/page/page.css").status_code == 200
    assert server.get("/").status_code == 401
    assert server.get("/page/other.css").status_code == 401
    assert server.get("/", headers={"Authorization": "Bearer secret"}).status_code == 200


def test_other_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    server = client(monkeypatch)
    for path in ("/", "/page/page.css"):
        answer = server.post(path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path",
    [
        "/page",
        "/page/",
        "/page/index.html",
        "/page/../page_files.py",
        "/page/../page/page.css",
        "/page/..%2fpage.css",
        "/page//etc/passwd",
        "/page//page.css",
        "/page/page.css/",
        "/page/page.css\0",
        "/page/PAGE.css",
        "/page/__init__.py",
        "//page/page.css",
    ],
)
def test_nothing_else_is_a_file(path: str) -> None:
    # Without a client library, which would resolve the dots.
    asked = Request({"type": "http", "method": "GET", "path": path, "headers": []})
    app: Any = SimpleNamespace(page=page_files.page_files())
    assert asyncio.run(browsing.respond(app, asked)) is None


def test_swagger_ui_is_served_by_this_server(monkeypatch: pytest.MonkeyPatch) -> None:
    server = client(monkeypatch, MAX_SENTIMENT_PAGE="off")  # which leaves /docs alone
    html = server.get("/docs")
    assert html.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = html.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    named = re.findall(r'(?:src|href)="([^"]*)"', html.text)
    assert len(named) == 3
    for each in named:
        answer = server.get(f"/{each}")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(("text/javascript", "text/css"))
        assert server.head(f"/{each}").headers["ETag"] == answer.headers["ETag"]
    assert "<script>" not in html.text
    assert server.get("/redoc").status_code == 404
    assert server.post("/docs").headers["Allow"] == "GET, HEAD"


def test_a_file_is_known_by_its_suffix(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("index.html", "page.js", "page.js.orig", "notes.txt"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(page_files, "DIRECTORY", tmp_path)
    assert set(page_files.page_files()) == {"/", "/page/page.js"}


def test_requests_for_files_are_counted_and_not_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = client(monkeypatch)
    with caplog.at_level(logging.DEBUG, logger="max.serve.sentiment"):
        server.get("/page/page.css?text=secret")
        server.get("/", headers={"Accept": BROWSER})
        server.get("/")
    lines = [(each.levelname, json.loads(each.getMessage())) for each in caplog.records]
    assert [(level, line["dialect"], line["path"]) for level, line in lines] == [
        ("DEBUG", "page", "/page/{file}"),
        ("DEBUG", "page", "/"),
        ("INFO", "openai", "/"),
    ]
    assert "secret" not in caplog.text
    assert (label_of("/"), label_of("/page/page.css")) == ("/", "/page/{file}")
    assert label_of("/page/x") == "unmatched"
