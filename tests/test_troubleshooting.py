"""Pages of troubleshooting: a row for every message that the product can print, and no other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from commands import ROOT
from error_messages import VARIES, Message, Sources
from pair_models import SENTIMENT, pair_server

from distilbert_sentiment_arch.cli.main import main

PAGES = sorted((ROOT / "docs").glob("troubleshooting*.md"))

SAID_BY_OTHERS = (
    "no wheels with a matching platform tag",  # uv
    "found no suitable Python library to link to",  # Mojo
)

KEPT = 0.8
"""Least share of the words of a message's first sentence that its row has."""

LEAST_WORDS = 10
"""Letters from which on a sentence says enough; a shorter one is read with what follows it."""


@dataclass(frozen=True)
class Row:
    """A message in the first column of a table.

    Attributes:
        text: As it stands there, ``…`` being what varies.
        place: Page and line.
    """

    text: str
    place: str

    def explains(self, message: str) -> bool:
        """Whether the row has the words of a message, and nothing else."""
        least = KEPT * len(_letters(_first_sentence(message)))
        return len(_letters(self.text)) >= least and _fits(self.text, message)

    def is_found_for(self, said: str) -> bool:
        """Whether the row is there for what was printed, with names and numbers in it."""
        return len(_letters(self.text)) >= LEAST_WORDS and _fits(self.text, said)

    def is_one_of(self, message: str) -> bool:
        """Whether the row is a message with some of what varies filled in."""
        return 3 * len(_letters(message)) >= len(_letters(self.text)) and _fits(message, self.text)


def test_every_message_has_a_row() -> None:
    lacking = [
        f"{each.place}{_origin(each, sources().texts())}\n  | `{each.text}` | cause | what to do |"
        for each in lacking_rows(sources().messages(), rows())
    ]
    assert not lacking, "add rows to docs/troubleshooting*.md:\n" + "\n".join(lacking)


def test_every_row_is_a_message_of_the_code() -> None:
    messages = [each.text for each in sources().messages()]
    printed = sources().texts().keys() | printed_by_scripts()
    stale = [
        f"{row.place}: {row.text}"
        for row in rows()
        if not any(other in row.text for other in SAID_BY_OTHERS)
        and not any(row.explains(each) or row.is_one_of(each) for each in messages)
        and not any(_fits(row.text, each) for each in printed)
        and not any(_fits(_without_reason(row.text), each) for each in printed)
    ]
    assert not stale, "nothing says\n" + "\n".join(stale)


def test_no_message_stands_in_two_rows() -> None:
    twice = [text for text, count in Counter(each.text for each in rows()).items() if count > 1]
    assert not twice


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_row_says_cause_and_remedy(page: Path) -> None:
    for number, line in _table_lines(page):
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        assert len(cells) == 3, f"{page.name}:{number}: {len(cells)} cells"
        assert all(map(str.strip, cells[1:])) or "exit status" in cells[0], f"{page.name}:{number}"


def test_a_page_can_be_read() -> None:
    for page in PAGES:
        assert len(page.read_text(encoding="utf-8").splitlines()) < 350


@pytest.mark.parametrize(
    "command",
    [
        ["classify", "--method", "owen", "good"],
        ["classify", "--explain", "--seed", "-1", "good"],
        ["classify", "--file", "missing.txt"],
        ["quantize", "no/such/checkpoint", "quantised"],
        ["score", "missing.csv", "--output", "out"],
        ["score", "-", "--output", "out"],
        ["score", "missing.csv", "--output", "out", "--ray", "auto", "--shard", "0/2"],
    ],
    ids=" ".join,
)
def test_what_a_command_prints_is_found(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(command) == 1
    said = capsys.readouterr().err.splitlines()[-1].removeprefix("max-sentiment: ")
    assert any(row.is_found_for(said) for row in rows()), said


@pytest.mark.parametrize(
    "body",
    [
        {"input": " "},
        {"input": []},
        {"input": 7},
        {"input": "a\0"},
        {"input": "word " * 80},
        {"input": ["a"] * 9},
        {"input": "a", "candidate_labels": ["x", "y"]},
        {"input": "good " * 20, "explain": {"passes": 5_000, "method": "owen"}},
        {"input": "a", "model": "another"},
        ["a"],
    ],
    ids=lambda body: str(body)[:40],
)
def test_what_a_client_gets_is_found(body: object) -> None:
    answer = pair_server(SENTIMENT, max_inputs=8).post("/classify", json=body)
    assert 400 <= answer.status_code < 500, answer.text
    said = answer.json()["error"]["message"]
    field = re.sub(r"^\w+(\.\w+)*: (.+)\.$", r"\2", said)
    assert any(row.is_found_for(each) for row in rows() for each in (said, field)), said


# The test's own reading of sources and pages


def test_a_message_without_a_row_is_named_with_its_place() -> None:
    known, unknown = Message("port … is in use.", "a.py:1"), Message("the cable is cut.", "b.py:2")
    assert lacking_rows([known, unknown], [Row("port … is in use.", "page:1")]) == [unknown]


@pytest.mark.parametrize(
    ("row", "message", "explained"),
    [
        ("…: no such file. …", "…: no such file. Pass another.", True),
        ("…: no such file.", "…: no such file. Pass another.", False),
        ("…: has no column …", "…: has no column …. Its columns: ….", True),
        ("… is …", "the number of columns is 3, and at most 2 are read.", False),
        ("port … is taken", "port 8000 is free", False),
    ],
)
def test_a_row_explains_what_has_its_words(row: str, message: str, explained: bool) -> None:
    assert Row(row, "").explains(message) is explained


# Pages


@cache
def rows() -> tuple[Row, ...]:
    """Returns the messages that the tables of the pages explain."""
    return tuple(
        Row(message, f"{page.name}:{number}")
        for page in PAGES
        for number, line in _table_lines(page)
        for message in _messages_of(re.split(r"(?<!\\)\|", line)[1])
    )


def _table_lines(page: Path) -> Iterator[tuple[int, str]]:
    in_table = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith(("| message |", "| what is seen |")):
            in_table = True
        elif not line.startswith("|"):
            in_table = False
        elif in_table and not line.startswith("|---"):
            yield number, line


def _messages_of(cell: str) -> Iterator[str]:
    """Yields the code in a cell that is nothing but code, one to a line."""
    for part in cell.split("<br>"):
        if match := re.fullmatch(r"(`+) ?(.+?) ?\1", part.strip()):
            yield match[2].replace(r"\|", "|")


# Messages


@cache
def sources() -> Sources:
    """Returns the product's sources."""
    return Sources()


def lacking_rows(messages: list[Message], known: tuple[Row, ...] | list[Row]) -> list[Message]:
    """Returns the messages that no row explains."""
    return [each for each in messages if not any(row.explains(each.text) for row in known)]


def _without_reason(text: str) -> str:
    """Returns a row without what a log line adds behind a colon."""
    return text.removesuffix(f": {VARIES}")


def _origin(message: Message, texts: dict[str, str]) -> str:
    """Returns where the words of a message stand that another line makes the message of."""
    words = max(message.text.split(": "), key=len)
    place = next((place for text, place in texts.items() if words == text), message.place)
    return "" if place == message.place else f" (words: {place})"


def printed_by_scripts() -> set[str]:
    """Returns what shell scripts print, with ``…`` for variables."""
    found = set()
    for path in (ROOT / "scripts").rglob("*"):
        if path.is_file() and path.suffix in {"", ".sh"}:
            text = re.sub(r'" *\\\n *"', " ", path.read_text(encoding="utf-8"))
            for quoted in re.findall(r'"([^"\n]{8,})"', text):
                found.add(re.sub(r"\$([@\w]\w*|\{[^}]*\}|\([^)]*\))|%s", VARIES, quoted))
    return found


def _fits(pattern: str, text: str) -> bool:
    return _expression(pattern).fullmatch(text) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split(VARIES))), re.DOTALL)


@cache
def _letters(text: str) -> str:
    return re.sub(r"\W", "", text)


def _first_sentence(message: str) -> str:
    """Returns the sentence that says what is wrong; what follows it says what to do."""
    end = 0
    for found in re.finditer(r"[.;] |$", message):
        end = found.start()
        if len(_letters(message[:end])) >= LEAST_WORDS:
            break
    return message[:end]
