"""The page at ``/`` in a browser: every state that it has, and what it says to do."""

from __future__ import annotations

import csv
import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from needs import needs_chromium
from page_server import LIMIT, Model, page_server
from selenium.webdriver.common.keys import Keys
from server_process import Server, running_server, starting_server

from distilbert_sentiment_arch.errors import Unavailable
from scripts.chromium import Browser

pytestmark = [pytest.mark.slow, needs_chromium]

TEXT = "A wonderful, warm film with one awful scene."
LONG = "Good things take time, and so does this sentence. " * 12


def answer_of(address: str, path: str = "/classify", **body: Any) -> Any:
    response = httpx.post(f"{address}{path}", json=body, trust_env=False, timeout=30)
    assert response.status_code == 200, response.text
    return response.json()


def shown_labels(browser: Browser) -> dict[str, float]:
    """The labels of the bars, and the numbers beside them."""
    rows = browser.run(
        "return [...document.querySelectorAll('#bars li')].map("
        "row => [row.firstChild.innerText, row.querySelector('.number').innerText])"
    )
    return {label: float(number.replace("\u2212", "-")) for label, number in rows}


def test_without_a_text_it_offers_examples(browser: Browser, lexicon_server: Server) -> None:
    browser.open(f"{lexicon_server.url}/")
    # The lexicon server says what it is.
    browser.wait_for("#lexicon-server", "word lists only")
    assert browser.text("h1") == "max-sentiment"
    panels = ("answer", "why", "lists", "table", "copy")
    assert not any(browser.find(f"#{name}").is_displayed() for name in panels)
    browser.button("Praise").click()
    browser.wait_for("#headline", "POSITIVE")
    assert "What a wonderful film" in browser.run("return document.querySelector('#text').value")
    browser.find("#text").send_keys(Keys.CONTROL, "a", Keys.DELETE)
    browser.wait(lambda: not browser.find("#answer").is_displayed())


@pytest.mark.parametrize("of_model", [True, False])
def test_it_answers_as_one_types(
    browser: Browser, lexicon_server: Server, known_server: str, of_model: bool
) -> None:
    address = known_server if of_model else lexicon_server.url
    browser.open(f"{address}/")
    browser.find("#text").send_keys(TEXT)
    browser.wait_for("#snippet", TEXT)
    answer = answer_of(address, input=TEXT)
    best = answer["data"][0]
    assert browser.wait_for("#headline", best["label"])
    expected = dict(zip(("NEGATIVE", "POSITIVE"), best["probs"], strict=True))
    assert shown_labels(browser) == pytest.approx(expected, abs=0.002)
    facts = browser.text("#facts")
    tokens = answer["usage"]["prompt_tokens"]
    noun = "token" if of_model else "word"
    assert f"Read {tokens} of {tokens} {noun}s." in facts
    assert ("model" if of_model else "word list") in facts
    # Server-Timing, and what is left of the time.
    for stage in ("compute", "queue", "tokenize") if of_model else ("score",):
        assert stage in facts
    assert "HTTP and network" in facts
    assert [each for each in browser.requested() if each.endswith("/classify")]


def test_words_are_marked_with_their_numbers(browser: Browser, known_server: str) -> None:
    browser.open(f"{known_server}/")
    browser.enter(TEXT)
    browser.wait_for("#why", "leave one out")
    units = answer_of(known_server, "/v1/explain", input=TEXT)["data"][0]
    label = units["labels"].index(units["label"])
    browser.wait(lambda: browser.find_all("#why .words .unit"))
    marked = browser.find_all("#why .words .unit")
    assert [each.find_element("css selector", ".word").text for each in marked] == [
        each["text"] for each in units["units"]
    ]
    measure = browser.run("return document.querySelector('#why-measure').value")
    changes = [each[measure][label] for each in units["units"]]
    largest = max(changes, key=abs)
    for mark, change in zip(marked, changes, strict=True):
        classes = (mark.get_attribute("class") or "").split()
        # By an underline and a number, and not by colour alone.
        if "for" in classes or "against" in classes:
            assert ("for" in classes) == (change > 0)
        if change == largest:
            assert mark.find_elements("css selector", "rt, small, .number")
            word = mark.find_element("css selector", ".word")
            lines = word.value_of_css_property("text-decoration-line")
            border = word.value_of_css_property("border-bottom-style")
            assert lines != "none" or border != "none"
    # The exact numbers on focus.
    browser.run("document.querySelector('#why .words .unit').focus()")
    details = browser.wait_for("#why-body table", units["units"][0]["text"])
    number = f"{abs(units['units'][0]['logits'][label]):.6f}"
    assert number in details
    browser.press(Keys.ARROW_RIGHT)
    browser.wait_for("#why-body table", units["units"][1]["text"])


def test_the_answer_of_a_text_that_changes_is_given_up(
    browser: Browser, known_server: str, known_model: Model
) -> None:
    browser.open(f"{known_server}/")
    browser.wait(lambda: browser.find("#model-field").is_displayed())
    known_model.held = True
    try:
        browser.enter("first text")
        browser.wait(lambda: [each for each in browser.requested() if "classify" in each])
        # Loading: said to those who see and to those who listen.
        assert browser.find("body").get_attribute("aria-busy") == "true"
        browser.wait_for("#notice h2", "Reading")
        browser.enter("second text")
        browser.wait(
            lambda: any(each.get("canceled") for each in browser.events("Network.loadingFailed"))
        )
    finally:
        known_model.held = False
    browser.wait_for("#snippet", "second text")
    browser.wait(lambda: browser.find("body").get_attribute("aria-busy") != "true")


def test_an_explanation_that_is_given_up_is_awaited_no_longer(
    browser: Browser, known_server: str, known_model: Model
) -> None:
    choose = (
        "const s = document.querySelector(arguments[0]); s.value = arguments[1];"
        "s.dispatchEvent(new Event('change'))"
    )
    browser.open(f"{known_server}/")
    browser.wait(lambda: browser.find("#model-field").is_displayed())
    browser.run(choose, "#truncation", "window")
    browser.enter(TEXT)
    browser.wait(lambda: browser.find_all("#why .words .unit"))
    known_model.held = True
    try:
        browser.run(choose, "#why-method", "owen")
        browser.wait(lambda: browser.find("#why").get_attribute("aria-busy") == "true")
        browser.enter(LONG)
    finally:
        known_model.held = False
    browser.button("Explain this text")
    assert browser.find("#why").get_attribute("aria-busy") != "true"


def test_keys_that_follow_each_other_are_one_request(browser: Browser, known_server: str) -> None:
    browser.open(f"{known_server}/")
    browser.wait(lambda: browser.find("#model-field").is_displayed())
    browser.find("#text").click()
    browser.press(*"A good one")
    browser.wait_for("#snippet", "A good one")
    asked = [each for each in browser.requested() if each.endswith("/classify")]
    assert 1 <= len(asked) < len("A good one")


def test_a_text_over_the_limit_is_cut_or_read_in_windows(
    browser: Browser, known_server: str
) -> None:
    browser.open(f"{known_server}/")
    browser.enter(LONG)
    notice = browser.wait_for("#notice", "longer than the model reads")
    assert f"at most {LIMIT}" in notice
    assert not browser.find("#answer").is_displayed()
    browser.button("Read all of it in windows").click()
    facts = browser.wait_for("#facts", "overlapping windows")
    answer = answer_of(known_server, input=LONG, truncation="window")
    windows = answer["data"][0]["truncation"]["windows"]
    assert f"in {windows} overlapping windows" in facts
    assert browser.find(".strip").get_attribute("aria-label").startswith(f"{windows} windows")
    browser.wait_for("#why", "once for each sentence")
    browser.button("Explain this text").click()
    browser.wait(lambda: browser.find_all("#why .words .unit"))
    browser.run(
        "const s = document.querySelector('#truncation'); s.value = 'end';"
        "s.dispatchEvent(new Event('change'))"
    )
    browser.wait_for("#facts", "the end was cut off")
    assert f"Read {LIMIT} of" in browser.text("#facts")


def test_a_full_queue_is_told_and_asked_again(browser: Browser) -> None:
    model = Model(held=True)
    with page_server(model, max_pending_tokens=40) as address:
        browser.open(f"{address}/")
        browser.wait(lambda: browser.find("#model-field").is_displayed())
        with ThreadPoolExecutor(4) as pool:
            ask = partial(httpx.post, trust_env=False, timeout=30, json={"input": "word " * 25})
            others = [pool.submit(ask, f"{address}/classify") for _ in range(4)]
            browser.wait(lambda: model.batches)
            browser.wait(lambda: any(each.done() for each in others))  # refused: it is full
            browser.enter("Is there room?")
            notice = browser.wait_for("#notice", "The server is busy")
            assert "asks again by itself" in notice
            browser.wait_for("#notice", "Asking again in")
            model.held = False
            assert {each.result().status_code for each in others} == {200, 429}
        # At once, if it has not asked again by itself.
        browser.run("document.querySelector('#notice button')?.click()")
        browser.wait(lambda: browser.find("#answer").is_displayed())
        assert not browser.find("#notice").is_displayed()


def test_a_model_that_does_not_answer_is_told(browser: Browser) -> None:
    model = Model(failure=Unavailable("The worker has ended."))
    with page_server(model) as address:
        browser.open(f"{address}/")
        browser.enter("I love it.")
        notice = browser.wait_for("#notice", "The model does not answer")
        assert "GET /ready" in notice
        browser.button("Ask a word list instead").click()
        browser.wait_for("#facts", "afinn-111 answered")
        assert browser.text("#headline").startswith("POSITIVE")


def test_a_failure_is_told_with_the_id_of_the_request(browser: Browser) -> None:
    model = Model(failure=RuntimeError("as the test wants it"))
    with page_server(model) as address:
        browser.open(f"{address}/")
        browser.enter("Is it up?")
        browser.wait_for("#notice", "The server failed")
        assert re.search("[0-9a-f]{32}", browser.text("#notice"))
        model.failure = None
        browser.button("Ask again now").click()
        browser.wait(lambda: browser.find("#answer").is_displayed())


def test_a_limit_on_requests_is_told(browser: Browser) -> None:
    with page_server(Model(), max_request_characters=200) as address:
        browser.open(f"{address}/")
        browser.enter("word " * 60)
        notice = browser.wait_for("#notice", "over a limit of")
        assert "200" in notice


def test_a_server_that_is_gone_and_comes_back(browser: Browser, tmp_path: Path) -> None:
    with running_server(tmp_path, command="lexicon") as server:
        browser.open(f"{server.url}/")
        browser.enter("I love it.")
        browser.wait_for("#headline", "POSITIVE")
    browser.enter("I hate it.")
    notice = browser.wait_for("#notice", "cannot be reached")
    assert "./scripts/serve" in notice
    assert browser.run("return document.querySelector('#text').value") == "I hate it."
    with starting_server(tmp_path, command="lexicon", port=server.port):
        # By itself.
        browser.wait_for("#headline", "NEGATIVE")


def test_several_texts_become_a_table(
    browser: Browser, known_server: str, session_downloads: Path
) -> None:
    texts = ["A good one.", "=1+1", "<b>bold</b>", 'Ends, with "quotes"']
    browser.open(f"{known_server}/")
    browser.find("#many").click()
    browser.enter("\n".join(texts))
    browser.wait(lambda: len(browser.find_all("#table tbody tr")) == len(texts))
    browser.wait(lambda: browser.find("#save-csv").is_enabled())
    answers = answer_of(known_server, input=texts)["data"]
    rows = browser.run(
        "return [...document.querySelectorAll('#table tbody tr')].map("
        "row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    for row, text, answer in zip(rows, texts, answers, strict=True):
        assert row[1] == text
        assert row[2].startswith(answer["label"])
        assert float(row[3]) == pytest.approx(answer["probs"][1], abs=0.002)
    bins = str(browser.find("#histogram svg").get_attribute("aria-label")).rpartition(": ")[2]
    assert sum(int(each) for each in bins.split(", ")) == len(texts)
    browser.find("#save-jsonl").click()
    records = [
        json.loads(line)
        for line in downloaded(browser, session_downloads / "labels.jsonl").splitlines()
    ]
    assert [each["text"] for each in records] == texts
    assert [each["label"] for each in records] == [each["label"] for each in answers]
    browser.find("#save-csv").click()
    table = list(csv.reader(io.StringIO(downloaded(browser, session_downloads / "labels.csv"))))
    # What a spreadsheet would run as a formula is a text.
    assert [row[0] for row in table] == ["text", texts[0], "'=1+1", *texts[2:]]


def downloaded(browser: Browser, file: Path) -> str:
    content = browser.wait(lambda: file.exists() and file.read_text(encoding="utf-8"), str(file))
    file.unlink()
    return str(content)


CELLS = 'id,review\n1,"Good, and\nlong"\n2,Bad\n'


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("texts.txt", "Good.\n\nBad.\r\nNeither.", ["Good.", "Bad.", "Neither."]),
        ("texts.csv", CELLS, ["Good, and\nlong", "Bad"]),
        ("texts.tsv", "id\ttext\n1\tGood, and so on\n", ["Good, and so on"]),
        # Without a known name, the first row is no header: a text must not get lost.
        ("rows.csv", "Good,1\nBad,2\nNeither,3\n", ["Good", "Bad", "Neither"]),
        ("short.csv", "It is good,yes\nIt is bad,no\n", ["It is good", "It is bad"]),
        ("texts.jsonl", '{"text": "Good \\u00e9"}\n{"text": "Bad"}\n', ["Good é", "Bad"]),
    ],
)
@pytest.mark.parametrize("dropped", [False, True])
def test_a_file_becomes_a_table(
    browser: Browser,
    known_server: str,
    tmp_path: Path,
    name: str,
    content: str,
    texts: list[str],
    dropped: bool,
) -> None:
    browser.open(f"{known_server}/")
    browser.wait(lambda: browser.find("#model-field").is_displayed())
    if dropped:
        browser.run(
            "const data = new DataTransfer();"
            "data.items.add(new File([arguments[1]], arguments[0]));"
            "dispatchEvent(new DragEvent('drop', {dataTransfer: data, cancelable: true}))",
            name,
            content,
        )
    else:
        (tmp_path / name).write_text(content, encoding="utf-8", newline="")
        browser.find("#file").send_keys(str(tmp_path / name))
    browser.wait_for("#file-line", name)
    browser.wait(lambda: len(browser.find_all("#table tbody tr")) == len(texts))
    shown = browser.run(
        "return [...document.querySelectorAll('#table tbody .clip')].map(e => e.textContent)"
    )
    assert shown == texts


def test_a_file_that_is_no_text_is_told(browser: Browser, known_server: str) -> None:
    browser.open(f"{known_server}/")
    browser.wait(lambda: browser.find("#model-field").is_displayed())
    for name, content, remedy in (
        ("texts.txt", [255, 254, 0], "Save it as UTF-8"),
        ("texts.jsonl", [123, 10], "Line 1 is not JSON"),
    ):
        browser.run(
            "const data = new DataTransfer();"
            "data.items.add(new File([new Uint8Array(arguments[1])], arguments[0]));"
            "dispatchEvent(new DragEvent('drop', {dataTransfer: data, cancelable: true}))",
            name,
            content,
        )
        browser.wait_for("#file-line", remedy)


def test_the_word_lists_stand_beside_the_model(browser: Browser, known_server: str) -> None:
    browser.open(f"{known_server}/")
    browser.enter("I love this awful film.")
    shown = browser.wait_for("#lists", "mean")
    listed = answer_of(
        known_server, "/v1/lexicon/classify", model="afinn-111", input="I love this awful film."
    )["data"][0]
    assert "afinn-111" in shown
    for match in listed["matches"]:
        assert match["term"] in shown


def test_a_word_list_can_be_asked_alone(browser: Browser, known_server: str) -> None:
    browser.open(f"{known_server}/")
    browser.wait(lambda: browser.find("#model-field").is_displayed())
    browser.enter("I love it.")
    browser.run(
        "const s = document.querySelector('#model'); s.value = 'afinn-111';"
        "s.dispatchEvent(new Event('change'))"
    )
    browser.wait_for("#facts", "word list")
    assert "no probabilities" in browser.text("#facts")
    # Word lists take no questions with choices of their own.
    browser.run("document.querySelector('input[value=OpenAI]').click()")
    assert "client.embeddings" in browser.wait_for("#snippet", "afinn-111")


@pytest.mark.parametrize(
    ("labels", "problem_type"),
    [
        (("relevance",), "regression"),
        (tuple(f"label {number}" for number in range(12)), "multi_label_classification"),
    ],
)
def test_other_kinds_of_scores(
    browser: Browser, labels: tuple[str, ...], problem_type: Any
) -> None:
    with page_server(Model(labels=labels), problem_type=problem_type) as address:
        browser.open(f"{address}/")
        browser.enter(TEXT)
        browser.wait_for("#snippet", TEXT)
        expected = dict(
            zip(labels, answer_of(address, input=TEXT)["data"][0]["probs"], strict=True)
        )
        browser.wait(lambda: browser.find("#answer").is_displayed())
        shown = shown_labels(browser)
        if len(labels) > len(shown):
            best = sorted(expected.values(), reverse=True)[: len(shown)]
            assert sorted(shown.values(), reverse=True) == pytest.approx(best, abs=0.002)
            browser.button(f"Show all {len(labels)} labels").click()
            shown = shown_labels(browser)
        assert shown == pytest.approx(expected, abs=0.002)
