"""The page and what others write: texts, names, keys, and the policy that a browser enforces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from needs import needs_chromium
from page_server import Model, page_server
from selenium.webdriver.common.keys import Keys
from server_process import Server, running_server

from distilbert_sentiment_arch.errors import Unavailable
from scripts.chromium import Browser

pytestmark = [pytest.mark.slow, needs_chromium]

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script href=data:,alert(1)></svg>",
    "</textarea><script>alert(1)</script>",
    "</title></style></script><iframe srcdoc='<script>parent.alert(1)</script>'>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "javascript:alert(1)",
    '<a href="javascript:alert(1)" id=x>x</a>',
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;<img src=x onerror=a()>">',
    "<link rel=stylesheet href=//example.org/x.css>",
    "<meta http-equiv=refresh content='0;url=//example.org'>",
    "<base href=//example.org/>",
    "<form action=//example.org><button>x</button></form>",
    "<object data=//example.org></object><embed src=//example.org>",
    "<img src=//example.org/a.png srcset='//example.org/b.png 2x'>",
    "<div style='background:url(//example.org/c.png)'>x</div>",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)} #{alert(1)} <%= alert(1) %>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "\u202e<script>alert(1)</script>\u202c",
    "<img src=x onerror=&#97;lert(1)>",
    "-->]]><script>alert(1)</script>",
    "__proto__",
    "constructor",
)

ELEMENTS = (
    "return [...document.querySelectorAll('script, img, iframe, object, embed, base, math, a, "
    "form, style, link, meta, details, animate')].map(each => each.outerHTML)"
)


def ready(browser: Browser, address: str) -> list[str]:
    """Opens the page; returns its elements that load or run something."""
    browser.open(f"{address}/")
    browser.wait(lambda: browser.find("#model-field").is_displayed())
    return list(browser.run(ELEMENTS))


def test_texts_are_texts(browser: Browser, known_server: str) -> None:
    own = ready(browser, known_server)
    browser.find("#many").click()
    # Lines of the table; a line break within a text would be two.
    browser.enter("\n".join(HOSTILE))
    browser.wait(lambda: len(browser.find_all("#table tbody tr")) == len(HOSTILE))
    browser.wait(lambda: browser.find("#save-csv").is_enabled())
    shown = browser.run(
        "return [...document.querySelectorAll('#table tbody .clip')].map(e => e.textContent)"
    )
    assert shown == list(HOSTILE)
    assert browser.run(ELEMENTS) == own
    for name in ("curl", "OpenAI", "vLLM", "TEI", "KServe V1", "KServe V2"):
        choose_format(browser, name)
        assert "alert(1)" in browser.text("#snippet")
    assert browser.run(ELEMENTS) == own


def choose_format(browser: Browser, name: str) -> None:
    browser.run(
        "const radio = document.querySelector(`input[name=format][value='${arguments[0]}']`);"
        "radio.checked = true; radio.dispatchEvent(new Event('change', {bubbles: true}))",
        name,
    )


@pytest.mark.parametrize("text", HOSTILE[:9:2])
def test_an_explained_text_is_a_text(browser: Browser, known_server: str, text: str) -> None:
    own = ready(browser, known_server)
    browser.enter(f"{text} is good")
    browser.wait(lambda: browser.find_all("#why .words .unit"))
    words = browser.run(
        "return [...document.querySelectorAll('#why .words .word')].map(e => e.textContent)"
    )
    assert "".join(words) == "".join(f"{text} is good".split())
    browser.run("document.querySelector('#why .words .unit').focus()")
    browser.wait(lambda: browser.text("#why-body table"))
    assert browser.run(ELEMENTS) == own


def test_names_of_models_and_labels_are_texts(browser: Browser) -> None:
    name, *labels = HOSTILE
    with page_server(Model(labels=labels), name=name) as address:
        own = ready(browser, address)
        browser.enter("A text.")
        browser.wait(lambda: browser.find_all("#bars li"))
        browser.button(f"Show all {len(labels)} labels").click()
        shown = browser.run(
            "return [...document.querySelectorAll('#bars li')].map(e => e.firstChild.textContent)"
        )
        assert sorted(shown) == sorted(labels)
        options = browser.run(
            "return [...document.querySelector('#model').options].map(e => e.textContent)"
        )
        assert options[0] == name
        assert name in browser.run("return document.querySelector('#facts').textContent")
        browser.wait(lambda: browser.find_all("#why .words .unit"))
        for each in ("curl", "OpenAI", "vLLM", "TEI", "KServe V1", "KServe V2"):
            choose_format(browser, each)
        assert browser.run(ELEMENTS) == own
        browser.find("#many").click()
        browser.wait(lambda: browser.find_all("#table tbody tr"))
        assert browser.run(ELEMENTS) == own


def test_names_of_word_lists_and_files_are_texts(browser: Browser, tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>"
    (tmp_path / f"{name}.txt").write_text("good\t3\n")
    flags = (
        "--word-list",
        tmp_path / f"{name}.txt",
        "--served-model-name",
        "<svg onload=alert(1)>",
    )
    with running_server(tmp_path / "log", *flags, command="lexicon") as server:
        own = ready(browser, server.url)
        browser.enter("A good text.")
        browser.wait(lambda: name in browser.text("#lists"))
        browser.run(
            "const data = new DataTransfer();"
            "data.items.add(new File([`text,${arguments[0]}\\nGood,1`], `${arguments[0]}.csv`));"
            "dispatchEvent(new DragEvent('drop', {dataTransfer: data, cancelable: true}))",
            name,
        )
        browser.wait_for("#file-line", f"{name}.csv")
        browser.wait(lambda: browser.find_all("#table tbody tr"))
        browser.wait(lambda: browser.find("#save-csv").is_enabled())
        assert browser.run(ELEMENTS) == own


def test_what_the_server_says_is_a_text(browser: Browser) -> None:
    message = "<img src=x onerror=alert(1)>"
    with page_server(Model(failure=Unavailable(message))) as address:
        own = ready(browser, address)
        browser.enter("A text.")
        browser.wait_for("#notice", message)
        assert browser.run(ELEMENTS) == own


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "keys").write_text("correct-key\n")
    flags = ("--api-keys-file", tmp_path / "keys")
    with running_server(tmp_path, *flags, command="lexicon") as server:
        yield server


def test_the_key_is_asked_for_and_kept_in_memory_only(browser: Browser, keyed: Server) -> None:
    browser.open(f"{keyed.url}/")
    browser.wait_for("#notice", "asks for an API key")
    assert browser.find("#key").get_attribute("type") == "password"
    browser.find("#key").send_keys("wrong-key", Keys.ENTER)
    browser.wait(lambda: browser.run("return document.querySelector('#key')?.value === ''"))
    assert browser.find("#key").is_displayed()
    browser.find("#key").send_keys("correct-key", Keys.ENTER)
    browser.wait(lambda: browser.find("#model-field").is_displayed())
    browser.enter("I love it.")
    browser.wait_for("#headline", "POSITIVE")
    # In a request to copy it is a variable, and no storage has it.
    assert "correct-key" not in browser.run("return document.documentElement.outerHTML")
    assert "$API_KEY" in browser.text("#snippet")
    kept = browser.run(
        "return [localStorage.length, sessionStorage.length, document.cookie, location.href,"
        " history.length && JSON.stringify(history.state)]"
    )
    assert kept == [0, 0, "", f"{keyed.url}/", "null"]
    assert browser.run("return indexedDB.databases().then(found => found.length)") == 0
    sent = [
        each["request"]["headers"].get("Authorization")
        for each in browser.events("Network.requestWillBeSent")
        if each["request"]["url"].endswith("/classify")
    ]
    assert set(sent) == {"Bearer correct-key"}
    # Forgotten with the page.
    browser.open(f"{keyed.url}/")
    browser.wait_for("#notice", "asks for an API key")
    assert "love" not in keyed.log.read_text()
    assert "correct-key" not in keyed.log.read_text()


def test_texts_are_in_no_address_and_no_log(browser: Browser, tmp_path: Path) -> None:
    with running_server(tmp_path, command="lexicon") as server:
        browser.open(f"{server.url}/")
        browser.enter("A secretlovely text")
        browser.wait_for("#snippet", "secretlovely")
        browser.wait(lambda: browser.find_all("#why .words .unit"))
        requested = browser.requested()
        assert len(requested) > 5
        assert not [each for each in requested if "lovely" in each or "?" in each]
        assert "lovely" not in browser.run("return location.href + document.title")
        lines = server.log.read_text()
        assert '"path": "/classify"' in lines
        assert "lovely" not in lines


def test_the_browser_enforces_the_policy(session_browser: Browser, known_server: str) -> None:
    browser = session_browser  # without the fixture, which wants no violation
    browser.open(f"{known_server}/")
    browser.run(
        """
        const add = (tag, attributes) =>
          document.body.append(Object.assign(document.createElement(tag), attributes));
        add("script", {textContent: "alert(1)"});
        add("script", {src: "data:text/javascript,alert(1)"});
        add("img", {src: "http://127.0.0.1:9/a.png"});
        add("style", {textContent: "p { color: red }"});
        add("iframe", {src: "http://127.0.0.1:9/"});
        fetch("http://127.0.0.1:9/").catch(() => {});
        add("base", {href: "http://127.0.0.1:9/"});
        """
    )
    expected = {
        "script-src-elem",
        "img-src",
        "style-src-elem",
        "frame-src",
        "connect-src",
        "base-uri",
    }
    seen = browser.wait(
        lambda: (
            found
            if expected <= (found := {each.split()[1] for each in browser.trouble()})
            else None
        )
    )
    assert seen == expected
    assert not any(each.startswith("called") for each in browser.trouble())
    assert json.dumps(browser.events("Network.responseReceived")).count("127.0.0.1:9/") == 0
    browser.close()


def test_swagger_ui_works_without_a_network(browser: Browser, lexicon_server: Server) -> None:
    browser.open(f"{lexicon_server.url}/docs")
    browser.wait(lambda: browser.find_all(".opblock"))
    shown = browser.text("#swagger-ui")
    for path in ("/classify", "/v1/models", "/predict"):
        assert path in shown
    # Operations are opened, and one is tried and answered.
    for name in ("list_models", "classify"):
        browser.find(f"[id*={name}] button.opblock-summary-control").click()
    browser.wait(lambda: len(browser.find_all(".try-out__btn")) == 2)
    browser.find("[id*=list_models] .try-out__btn").click()
    browser.wait(lambda: browser.find_all(".execute"))
    browser.find(".execute").click()
    browser.wait(lambda: "afinn-111" in browser.text(".live-responses-table"))
