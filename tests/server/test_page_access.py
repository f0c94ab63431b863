"""The page for everyone: keyboard alone, small screens, dark, forced colours, less motion."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from needs import needs_axe, needs_chromium
from page_server import Model, page_server
from selenium.webdriver.common.keys import Keys

from scripts.chromium import Browser

pytestmark = [pytest.mark.slow, needs_chromium]

TEXT = "A wonderful, warm film with one awful scene."
LONG = "Good things take time, and so does this sentence. " * 12
UNBROKEN = "x" * 120


def answered(browser: Browser, rows: int) -> None:
    """Waits for a table of answers; its buttons are enabled before it has any rows, too."""
    browser.wait(lambda: len(browser.find_all("#table tbody tr")) == rows)
    browser.wait(lambda: browser.find("#save-csv").is_enabled())


def empty(browser: Browser) -> None:
    browser.wait(lambda: browser.find("#model-field").is_displayed())


def one_text(browser: Browser) -> None:
    browser.enter(f"{TEXT} {UNBROKEN}")
    browser.wait(lambda: browser.find_all("#why .words .unit"))
    browser.wait_for("#lists", "afinn-111")
    browser.run("document.querySelector('#why .words .unit').focus()")


def several_texts(browser: Browser) -> None:
    browser.find("#many").click()
    browser.enter("\n".join([TEXT, UNBROKEN, "Good."]))
    answered(browser, 3)


def too_long(browser: Browser) -> None:
    browser.enter(LONG)
    browser.wait_for("#notice", "longer than the model reads")


def in_windows(browser: Browser) -> None:
    too_long(browser)
    browser.button("Read all of it in windows").click()
    browser.wait_for("#facts", "overlapping windows")
    browser.button("Explain this text")


def with_a_file(browser: Browser) -> None:
    browser.run(
        "const data = new DataTransfer(); data.items.add(new File(['a,text\\n1,Good'], 'a.csv'));"
        "dispatchEvent(new DragEvent('drop', {dataTransfer: data, cancelable: true}))"
    )
    browser.wait_for("#file-line", "a.csv")
    answered(browser, 1)


STATES: tuple[Callable[[Browser], None], ...] = (
    empty,
    one_text,
    several_texts,
    too_long,
    in_windows,
    with_a_file,
)


@pytest.fixture(params=["light", "dark", "320 px"])
def setting(browser: Browser, request: pytest.FixtureRequest) -> str:
    browser.prefer(prefers_color_scheme="dark" if request.param == "dark" else "light")
    browser.size(320 if request.param == "320 px" else 1200)
    return str(request.param)


@needs_axe
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing(
    browser: Browser, known_server: str, setting: str, state: Callable[[Browser], None]
) -> None:
    browser.open(f"{known_server}/")
    empty(browser)
    state(browser)
    assert browser.inaccessible() == []
    if setting == "320 px":
        assert browser.run("return document.scrollingElement.scrollWidth") <= 320


@needs_axe
def test_axe_finds_nothing_where_a_key_is_asked_for(
    browser: Browser, setting: str, keyed_server: str
) -> None:
    browser.open(f"{keyed_server}/")
    browser.wait_for("#notice", "API key")
    assert browser.inaccessible() == []


@needs_axe
def test_axe_would_find_something(browser: Browser, known_server: str) -> None:
    browser.open(f"{known_server}/")
    empty(browser)
    browser.run("document.body.append(document.createElement('button'))")
    assert any(each.startswith("button-name") for each in browser.inaccessible())


FOCUSED = """
const e = document.activeElement;
return {
  name: e === document.body ? "BODY"
    : e.id || e.innerText.trim() || e.name || e.getAttribute("aria-label") || e.tagName,
  class: e.className,
  seen: [e, e.nextElementSibling, e.closest(".panel")].some((each) => {
    const s = each && getComputedStyle(each);
    return s && s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0;
  }),
};
"""


def tabbed(browser: Browser, presses: int) -> list[str]:
    """Presses Tab until the focus leaves the page; returns what had it, in order."""
    names = []
    for _ in range(presses):
        browser.press(Keys.TAB)
        focused = browser.run(FOCUSED)
        if focused["name"] == "BODY" or (names and focused["name"] == names[0]):
            return names
        assert focused["seen"], f"{focused['name']} shows no focus"
        names.append(focused["name"])
    raise AssertionError(f"the focus never leaves the page: {names}")


def tab_to(browser: Browser, reached: str) -> None:
    """Presses Tab until a script says that the focus is where it should be."""
    for _ in range(60):
        if browser.run(reached):
            return
        browser.press(Keys.TAB)
    raise AssertionError(f"Tab does not get to where: {reached}")


def test_everything_is_done_with_the_keyboard_alone(browser: Browser, known_server: str) -> None:
    browser.open(f"{known_server}/")
    empty(browser)
    # From the top to the end, in the order of the page, and out of it.
    names = tabbed(browser, 40)
    assert names.index("model") < names.index("text") < names.index("Praise")
    assert names.index("Praise") < names.index("choose-file") < names.index("truncation")
    browser.open(f"{known_server}/")
    empty(browser)
    tab_to(browser, "return document.activeElement.id === 'text'")
    browser.press(*TEXT)
    browser.wait(lambda: browser.find_all("#why .words .unit"))
    # A word is one stop; arrows go to the next.
    tab_to(browser, "return document.activeElement.classList.contains('unit')")
    first = browser.text("#why-body caption")
    browser.press(Keys.ARROW_RIGHT)
    assert browser.text("#why-body caption") != first
    browser.press(Keys.END)
    assert browser.text("#why-body caption") == "scene."
    browser.press(Keys.HOME)
    assert browser.text("#why-body caption") == first
    browser.press(Keys.TAB)
    assert "unit" not in browser.run(FOCUSED)["class"]
    # The formats of requests are one stop, too.
    tab_to(browser, "return document.activeElement.name === 'format'")
    before = browser.text("#snippet")
    browser.press(Keys.ARROW_RIGHT)
    assert browser.text("#snippet") != before
    # A text over the limit: its buttons are reached, and Enter presses them.
    browser.run("document.querySelector('#text').focus()")
    browser.enter(LONG)
    browser.wait_for("#notice", "longer than the model reads")
    tab_to(browser, "return document.activeElement.innerText === 'Read all of it in windows'")
    browser.press(Keys.ENTER)
    browser.wait_for("#facts", "overlapping windows")


def test_an_example_is_chosen_with_the_keyboard(browser: Browser, known_server: str) -> None:
    browser.open(f"{known_server}/")
    empty(browser)
    tab_to(browser, "return document.activeElement.innerText === 'Several'")
    browser.press(Keys.ENTER)
    browser.wait(lambda: browser.find_all("#table tbody tr"))
    assert browser.find("#many").is_selected()


def test_answers_are_read_out(browser: Browser, known_server: str) -> None:
    browser.open(f"{known_server}/")
    browser.enter(TEXT)
    headline = browser.wait(lambda: browser.text("#headline .number"))
    status = browser.find("#status")
    assert status.get_attribute("role") == "status"
    browser.wait(lambda: headline in browser.run("return arguments[0].textContent", status))


def test_less_motion(browser: Browser, known_server: str) -> None:
    moving = (
        "return document.getAnimations().filter(each => {"
        "const timing = each.effect.getComputedTiming();"
        "return timing.duration > 1 || timing.iterations === Infinity}).length"
    )
    lasting = (
        "return [...document.querySelectorAll('*')].filter(each => {"
        "const s = getComputedStyle(each);"
        "const seconds = (list) => list.split(', ').map(parseFloat);"
        "return [...seconds(s.transitionDuration), ...seconds(s.animationDuration)]"
        ".some(each => each > 0.001)}).length"
    )
    counts = []
    for motion in ("no-preference", "reduce"):
        browser.prefer(prefers_reduced_motion=motion)
        browser.open(f"{known_server}/")
        one_text(browser)
        browser.enter("Another text, so that bars move.")
        browser.wait_for("#snippet", "bars move")
        counts.append(browser.run(lasting))
    assert browser.run(moving) == 0
    assert counts[0] > counts[1] == 0


def test_forced_colours(browser: Browser, known_server: str) -> None:
    browser.prefer(forced_colors="active", prefers_color_scheme="dark")
    browser.open(f"{known_server}/")
    one_text(browser)
    # Backgrounds are gone where colours are forced; a bar has to be seen all the same.
    seen = browser.run(
        """
        const canvas = getComputedStyle(document.documentElement).backgroundColor;
        const visible = (e) => ["", "::before", "::after"].some((part) => {
          const s = getComputedStyle(e, part || null);
          const border = s.borderBottomStyle !== "none" && parseFloat(s.borderBottomWidth) > 0;
          const filled = !["rgba(0, 0, 0, 0)", "transparent", canvas].includes(s.backgroundColor);
          return border || filled;
        });
        return Object.fromEntries(["#bars .bar", ".timing span", "#lists .mean"].map(
          (selector) => [selector, visible(document.querySelector(selector))]));
        """
    )
    assert all(seen.values()), seen
    strongest = browser.find("#why .words .unit.level4 .word")
    assert (
        strongest.value_of_css_property("text-decoration-line") != "none"
        or strongest.value_of_css_property("border-bottom-style") != "none"
    )


@pytest.fixture
def keyed_server() -> Iterator[str]:
    with page_server(Model(), keys="secret") as address:
        yield address


def test_the_key_is_asked_for_where_the_focus_goes(browser: Browser, keyed_server: str) -> None:
    browser.open(f"{keyed_server}/")
    browser.wait_for("#notice", "API key")
    assert browser.run("return document.activeElement.id") == "key"
    browser.press(*"secret", Keys.ENTER)
    browser.wait(lambda: browser.find("#model-field").is_displayed())
    browser.enter("A text.")
    browser.wait(lambda: browser.find("#answer").is_displayed())
