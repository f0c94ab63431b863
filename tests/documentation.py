"""Contents of the pages for users: links, code blocks, example commands with their output."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from commands import ROOT

README = ROOT / "README.md"
PAGES = sorted(
    [README, ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "deploy").rglob("*.md")]
)

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?: {4}.*\n)+", re.MULTILINE)
_INLINE = re.compile(r"(?<!`)(?:(`{2,3}) (.+?) \1|`([^`\n]+(?:\n[^`\n]+)?)`)(?!`)")
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A code block.

    Attributes:
        language: Language named at its fence; empty for an indented block.
        text: Its lines.
    """

    language: str
    text: str


@dataclass(frozen=True)
class Example:
    """A command of a `console` block and its output."""

    command: str
    output: str


def name_of(page: Path) -> str:
    """Returns a page's path from the root of the repository, as the id of a test's parameter."""
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """Returns the code blocks of a page: fenced ones, then indented ones."""
    text = page.read_text(encoding="utf-8")
    fenced = [Block(language, code) for _, language, code in _FENCE.findall(text)]
    return fenced + [Block("", code) for code in _INDENTED.findall(_FENCE.sub("", text))]


def inline_code(page: Path) -> list[str]:
    """Returns the inline code (between back-ticks) in the text of a page."""
    found = (double or single for _, double, single in _INLINE.findall(_prose(page)))
    return [" ".join(code.split()) for code in found]


def links(page: Path) -> list[str]:
    """Returns the targets of a page's links, except those in code."""
    return _LINK.findall(_INLINE.sub("", _prose(page)))


def anchors(page: Path) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        text = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        anchor, number = text, 0
        while anchor in found:
            number += 1
            anchor = f"{text}-{number}"
        found.add(anchor)
    return found


def examples(page: Path) -> Iterator[Example]:
    """Yields the commands of a page's `console` blocks, each with the lines up to the next one."""
    for block in blocks(page):
        if block.language != "console":
            continue
        command: list[str] = []
        output: list[str] = []
        for line in block.text.splitlines():
            if command and not _is_complete("\n".join(command)):
                command.append(line)
            elif line.startswith("$ "):
                if command:
                    yield Example("\n".join(command), "\n".join(output))
                command, output = [line.removeprefix("$ ")], []
            else:
                output.append(line)
        yield Example("\n".join(command), "\n".join(output))


def _is_complete(command: str) -> bool:
    try:
        shlex.split(command)
    except ValueError:  # an unclosed quote
        return False
    return not command.endswith("\\")


def _prose(page: Path) -> str:
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return _INDENTED.sub("", text)
