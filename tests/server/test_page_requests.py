"""Requests to copy: each is run as it is on the page, and gets the answer that the page shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from needs import needs_chromium
from server_process import Server

from scripts.chromium import Browser

pytestmark = [pytest.mark.slow, needs_chromium]

# What a shell, JSON or Python would read as more than a text.
TEXT = "It's \"good\" $HOME `id` \\n $(id) !! %s {x} 'é' \u202e😀\tend."
TEXTS = [TEXT, "-n", "# not\\"]


def copied(browser: Browser, name: str) -> str:
    browser.run(
        "const radio = document.querySelector(`input[name=format][value='${arguments[0]}']`);"
        "radio.checked = true; radio.dispatchEvent(new Event('change', {bubbles: true}))",
        name,
    )
    return str(browser.run("return document.querySelector('#snippet').textContent"))


def output(command: Sequence[str]) -> str:
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.mark.parametrize("texts", [[TEXT], TEXTS], ids=["one", "several"])
def test_each_client_gets_the_answer_on_screen(
    browser: Browser, server: Server, texts: list[str]
) -> None:
    browser.open(f"{server.url}/")
    browser.wait(lambda: browser.find("#model-field").is_displayed())
    if len(texts) > 1:
        browser.find("#many").click()
    browser.enter("\n".join(texts))
    browser.wait(lambda: browser.find("#copy").is_displayed())
    expected = [each["label"] for each in answers(server, texts)]
    if len(texts) > 1:
        browser.wait(lambda: browser.find("#save-csv").is_enabled())
    else:
        browser.wait_for("#headline", expected[0])
    curl = json.loads(output(["bash", "-c", copied(browser, "curl")]))
    assert [each["label"] for each in curl["data"]] == expected
    tei = json.loads(output(["bash", "-c", copied(browser, "TEI")]))
    best = [each[0]["label"] for each in tei] if len(texts) > 1 else [tei[0]["label"]]
    assert best == expected
    v1 = json.loads(output(["bash", "-c", copied(browser, "KServe V1")]))
    assert [each["label"] for each in v1["predictions"]] == expected
    v2 = json.loads(output(["bash", "-c", copied(browser, "KServe V2")]))
    labels = next(each for each in v2["outputs"] if each["datatype"] == "BYTES")
    assert labels["data"][: len(texts)] == expected
    lines = output([sys.executable, "-c", copied(browser, "vLLM")]).splitlines()
    assert [line.split()[0] for line in lines] == expected
    lines = output([sys.executable, "-c", copied(browser, "OpenAI")]).splitlines()
    assert [line.split()[0] for line in lines] == expected


def answers(server: Server, texts: list[str]) -> list[dict[str, Any]]:
    response = server.client.post("/classify", json={"input": texts})
    assert response.status_code == 200
    found: list[dict[str, Any]] = response.json()["data"]
    return found


def test_the_model_server_has_the_page(browser: Browser, server: Server) -> None:
    text = "The cast is great, but the plot makes no sense and the ending drags."
    browser.open(f"{server.url}/")
    browser.enter(text)
    (answer,) = answers(server, [text])
    browser.wait_for("#headline", answer["label"])
    facts = browser.text("#facts")
    for stage in ("compute", "queue", "tokenize"):
        assert stage in facts
    browser.wait(lambda: browser.find_all("#why .words .unit"))
    index = server.client.get("/").json()
    assert index["models"][0]["route"] == "model"
    assert server.client.head("/page/page.css").headers["Content-Type"].startswith("text/css")
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        etag = client.get("/page/page.css").headers["ETag"]
        again = client.get("/page/page.css", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_long_text_is_read_in_windows(browser: Browser, server: Server) -> None:
    browser.open(f"{server.url}/")
    browser.button("Long").click()
    browser.wait(lambda: browser.find("#notice").is_displayed())
    browser.wait_for("#notice", "at most 512")
    browser.button("Read all of it in windows").click()
    browser.wait_for("#facts", "overlapping windows")


def test_swagger_ui_of_the_model_server(browser: Browser, server: Server) -> None:
    browser.open(f"{server.url}/docs")
    browser.wait(lambda: browser.find_all(".opblock"))
    assert "/v1/embeddings" in browser.text("#swagger-ui")
