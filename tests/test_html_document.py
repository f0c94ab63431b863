"""HTML in one file, and what its policy allows."""

from __future__ import annotations

import base64
import hashlib
import re

from distilbert_sentiment_arch.html_document import html_document


def test_the_policy_allows_the_style_alone() -> None:
    document = html_document("Title", "p { color: red; }", "<p>Text</p>", "a test")
    (style,) = re.findall(r"<style>(.*?)</style>", document, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="(.*?)"', document)
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_its_parts_have_their_places() -> None:
    document = html_document("A title", "", "<p>Text</p>", "a test")
    assert "<title>A title</title>" in document
    assert "<main>\n<p>Text</p>\n</main>" in document
    assert "<footer><p>Written by a test.</p></footer>" in document
