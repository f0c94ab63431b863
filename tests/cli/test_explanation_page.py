"""The HTML file of explanations, read by an HTML parser."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from explained_texts import by_list, with_changes

from distilbert_sentiment_arch.classify.labels import LabelSet
from distilbert_sentiment_arch.cli.explanation_page import explanation_page
from distilbert_sentiment_arch.explain.explanation import Explanation

XSS = [
    "<script>alert(1)</script>",
    "</span><img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<!--<script>",
    "-->",
    "]]><script>alert(1)</script>",
    "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>good</a>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content=0;url=//evil.example>",
    "&lt;script&gt; &amp; &#60;b&#62;",
    "<textarea><plaintext>",
    "\u2028<b>\u2029",
    "good\x0b<b\x0c>\r\nbad",
]


class Page(HTMLParser):
    """Elements, the text of the marked paragraphs, and the cells of the first column."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.paragraphs: list[str] = []
        self.title = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in ("meta",):
            self._open.append(tag)
        if tag == "p" and ("class", "text") in attributes:
            self.paragraphs.append("")
            self._open[-1] = "text"

    def handle_endtag(self, tag: str) -> None:
        found = self._open.pop()
        assert found == ("text" if tag == "p" and found == "text" else tag)

    def handle_data(self, data: str) -> None:
        if "text" in self._open and "sup" not in self._open:
            self.paragraphs[-1] += data
        if "title" in self._open:
            self.title += data


def tags(*explained: tuple[str, Explanation], model: str = "a") -> set[str]:
    return {tag for tag, _ in Page(explanation_page(model, explained)).elements}


@pytest.mark.parametrize("hostile", XSS)
def test_text_labels_and_model_names_stay_text(hostile: str) -> None:
    labels = LabelSet(("a" + hostile, hostile), "single_label_classification")
    text = f"good {hostile} bad"
    found = with_changes(text, [1.0] * len(text.split()), labels)
    page = Page(explanation_page(hostile, [(text, found)]))
    harmless = tags(("good bad", with_changes("good bad", [1.0, 1.0])))
    assert {tag for tag, _ in page.elements} == harmless
    shown = text.translate({0x0B: 0x240B, 0x0C: 0x240C, 0x0D: 0x240D})
    assert page.paragraphs == [shown]
    assert (
        page.title
        == f"Explanations by {hostile.translate({0xB: 0x240B, 0xC: 0x240C, 0xD: 0x240D})}"
    )
    known = {"class", "id", "aria-labelledby", "aria-label", "value", "dir", "scope", "role"}
    known |= {"tabindex", "lang", "charset", "http-equiv", "content", "name"}
    assert {name for _, attributes in page.elements for name in attributes} <= known


def test_the_file_loads_nothing() -> None:
    page = explanation_page("a", [("A good film.", by_list("A good film."))])
    assert not re.search(r"https?:|//|url\(|@import|<script|<link|<img| style=", page)
    assert "Content-Security-Policy" in page


def test_there_are_colours_for_light_and_dark_and_a_mark_without_colour() -> None:
    page = explanation_page("a", [("A good film.", by_list("A good film."))])
    assert "prefers-color-scheme: dark" in page
    assert "color-scheme: light dark" in page
    assert '<span class="for s3">good<sup>+++</sup></span>' in page


def test_every_number_is_in_a_table() -> None:
    page = explanation_page("a", [("A good film.", by_list("A good film."))])
    rows = re.findall(r"<tr><th scope=\"row\"><bdi>(.*?)</bdi></th>(.*?)</tr>", page)
    cells = {name: re.findall(r"<td>(.*?)</td>", row) for name, row in rows}
    assert list(cells) == ["the empty text", "A", "good", "film.", "the text"]
    assert cells["good"] == ["-1.0000", "+0.0000", "+1.0000", "-0.0667", "+0.0000", "+0.0667"]


def test_the_value_of_a_regression_has_no_meter() -> None:
    assert "meter" in tags(("good", with_changes("good", [1.0])))
    for names in (("stars",), ("stars", "more")):
        found = with_changes("good", [1.0], LabelSet(names, "regression"))
        assert "meter" not in tags(("good", found))
        assert "<dd>1.0000</dd>" in explanation_page("a", [("good", found)])


def test_each_text_is_a_section() -> None:
    page = Page(explanation_page("a", [(text, by_list(text)) for text in ("Good.", "A bad one.")]))
    assert page.paragraphs == ["Good.", "A bad one."]
    assert [tag for tag, _ in page.elements].count("article") == 2
