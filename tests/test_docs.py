"""README and docs: links, and the files, flags, variables, metrics and messages that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest
from commands import ROOT, run_python
from documentation import PAGES, README, anchors, blocks, examples, inline_code, links, name_of

from distilbert_sentiment_arch.serving.endpoints import ENDPOINTS
from distilbert_sentiment_arch.settings.defaults import PACKAGE
from distilbert_sentiment_arch.settings.limits import Limits, environment_variable

DOCS = ROOT / "docs"
GUIDES = [page for page in PAGES if page.name != "CHANGELOG.md"]

README_LINES = 200

COMMANDS = (
    *("serve", "lexicon", "classify", "score", "quantize", "families", "ready"),
    *("doctor", "recommend", "warm", "mcp"),
)

# Commands of other tools, whose flags are not checked.
OTHER_TOOLS = re.compile(
    r"^k |\b(apt-get|claude|curl|docker|kubectl|pip|podman|ray job|systemctl|uv)\b"
)

SOURCE_DIRECTORIES = (
    "distilbert_sentiment_arch",
    "max_sentiment",
    "weight_adapters",
    "scripts",
    "tests",
    "deploy",
)
SOURCES = [
    path
    for directory in SOURCE_DIRECTORIES
    for path in sorted((ROOT / directory).rglob("*"))
    if path.is_file() and path.suffix in {"", ".py", ".service", ".template", ".yaml"}
]

every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)
every_guide = pytest.mark.parametrize("page", GUIDES, ids=name_of)


@every_page
def test_link_targets_exist(page: Path) -> None:
    for link in links(page):
        if re.match(r"https?://|mailto:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), f"{link}: outside the repository"
        assert target.exists(), f"{link}: there is no {target.relative_to(ROOT)}"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{link}: there is no such heading"


def test_the_readme_is_short_and_every_page_is_reached_from_it() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= README_LINES
    reached = _linked_from(README)
    for page in sorted(reached & set(DOCS.glob("*.md"))):
        parts = {each for each in _linked_from(page) if each.stem.startswith(f"{page.stem}-")}
        reached |= parts
    assert reached >= set(DOCS.glob("*.md"))


def _linked_from(page: Path) -> set[Path]:
    return {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=name_of)
def test_a_page_begins_with_what_it_covers(page: Path) -> None:
    title, blank, first, *_ = page.read_text(encoding="utf-8").splitlines()
    assert title.startswith("# ")
    assert not blank
    assert first.startswith("This page ")


@every_guide
def test_named_paths_exist(page: Path) -> None:
    for word in words(page):
        path = word.removeprefix("./").rstrip(".,;:")
        if not re.fullmatch(r"(?:\.?[\w-]+/)+[\w.-]*|[\w-]+\.(?:py|mojo|toml|sh)", path):
            continue
        top = path.partition("/")[0]
        inside = (ROOT / top).exists() or (PACKAGE / top).exists()
        if "/" not in path:
            assert any(each.name == path for each in everything()), f"{word}: no such file"
        elif inside and not top.startswith(".venv"):
            places = (ROOT / path, PACKAGE / path, page.parent / path)
            assert any(place.exists() for place in places), f"{word}: no such file"


@every_guide
def test_named_flags_exist(page: Path) -> None:
    named = set()
    for code in [*inline_code(page), *lines_of_blocks(page)]:
        if not OTHER_TOOLS.search(code):
            named |= flags_in(code)
    unknown = named - known_flags()
    assert not unknown, f"no command has {', '.join(sorted(unknown))}"


@every_guide
def test_named_environment_variables_exist(page: Path) -> None:
    named = {
        name
        for code in [*inline_code(page), *lines_of_blocks(page)]
        for name in re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", code)
    }
    limits = {environment_variable(each.name) for each in fields(Limits)}
    unknown = {name for name in named - limits if name not in source_text()}
    unknown -= {name for name in unknown if name in settings_of_max()}
    assert not unknown, f"nothing reads {', '.join(sorted(unknown))}"


def test_every_endpoint_is_documented() -> None:
    text = (DOCS / "routes.md").read_text(encoding="utf-8")
    for endpoint in ENDPOINTS:
        path = endpoint.path.replace("{name:model}", "{model}")
        assert f"`{endpoint.method} {path}`" in text, f"docs/routes.md lacks {path}"


def test_every_room_is_described() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    for room in PACKAGE.glob("*/"):
        if (room / "__init__.py").exists():
            assert f"`{room.name}/" in text, f"docs/architecture.md lacks {room.name}/"


def test_the_code_that_adds_a_family_is_that_of_the_family() -> None:
    files = (
        "distilbert_sentiment_arch/families/camembert/config.py",
        "weight_adapters/roberta.py",
    )
    lines = {line for file in files for line in (ROOT / file).read_text("utf-8").splitlines()}
    found = [each for each in blocks(DOCS / "adding-a-family.md") if each.language == "python"]
    assert len(found) == len(files)
    for each in found:
        assert set(each.text.splitlines()) <= lines


def test_every_metric_is_documented() -> None:
    text = (DOCS / "operating.md").read_text(encoding="utf-8")
    metrics = (PACKAGE / "serving" / "metrics.py").read_text(encoding="utf-8")
    for kind, name in re.findall(r'(Counter|Gauge|Histogram)\(\s*"(\w+)"', metrics):
        shown = f"{name}_total" if kind == "Counter" else name
        assert f"`{shown}`" in text, f"docs/operating.md lacks {shown}"


def test_every_limit_is_documented_with_its_default() -> None:
    text = "".join((DOCS / name).read_text("utf-8") for name in ("operating.md", "limits.md"))
    rows = [line for line in text.splitlines() if line.startswith("| `--")]
    for limit in fields(Limits):
        flag = f"`--{limit.name.replace('_', '-')}`"
        found = [row for row in rows if flag in row]
        assert found, f"no table has {flag}"
        for row in found:
            assert f"`{environment_variable(limit.name)}`" in row
            if limit.default is not None:
                assert re.search(spelled(limit.default), row), f"{flag}: {row}"


def spelled(number: float) -> str:
    """Returns a regular expression for a number: plain, with commas, or in KiB and MiB."""
    ways = {f"{number:g}" if number < 1e5 else str(int(number)), f"{number:,.0f}"}
    ways |= {f"{number / 1024:g} KiB", f"{number / 1024**2:g} MiB"}
    return "|".join(rf"(?<![\d,]){re.escape(way)}(?![\d,])" for way in ways)


def words(page: Path) -> Iterator[str]:
    """Yields the words of a page's code, without the quotes around them."""
    for code in [*inline_code(page), *lines_of_blocks(page)]:
        yield from (word.strip("'\"()") for word in code.split())


def lines_of_blocks(page: Path) -> list[str]:
    """Returns the lines of a page's code blocks, without the output of commands."""
    lines = [
        line
        for block in blocks(page)
        if block.language not in {"console", "text", "json"}
        for line in block.text.replace("\\\n", " ").splitlines()
    ]
    return lines + [example.command for example in examples(page)]


@cache
def everything() -> tuple[Path, ...]:
    """Returns the files of the repository."""
    below = (path for top in SOURCE_DIRECTORIES for path in (ROOT / top).rglob("*"))
    return (*ROOT.glob("*"), *below)


@cache
def source_text() -> str:
    """Returns the text of all source files."""
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in SOURCES)


def flags_in(text: str) -> set[str]:
    """Returns the long flags in a text."""
    return set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text))


@cache
def known_flags() -> frozenset[str]:
    """Returns the flags of our commands, of ``max serve`` and of our scripts."""
    found = set()
    for command in COMMANDS:
        found |= flags_in(
            run_python("-m", "distilbert_sentiment_arch.cli", command, "--help").stdout
        )
    shown = run_python("-m", "distilbert_sentiment_arch.cli.max_process", "serve", "--help")
    assert shown.returncode == 0, shown.stderr
    found |= flags_in(shown.stdout)
    for path in SOURCES:
        if path.is_relative_to(ROOT / "scripts"):
            found |= flags_in(path.read_text(encoding="utf-8"))
    return frozenset(found)


@cache
def settings_of_max() -> frozenset[str]:
    """Returns the environment variables that MAX Serve reads."""
    code = "from max.serve.config import Settings\nfor each in Settings.model_fields.values(): "
    shown = run_python("-c", code + "print(each.alias)")
    assert shown.returncode == 0, shown.stderr
    return frozenset(shown.stdout.split())
