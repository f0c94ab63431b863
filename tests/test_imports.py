"""Import rules of docs/architecture.md, checked in the source files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest
from commands import ROOT

PACKAGE = "distilbert_sentiment_arch"
API = "max_sentiment"
OURS = (PACKAGE, API, "weight_adapters", "scripts", "tests")


@dataclass(frozen=True)
class Import:
    """One imported name.

    Attributes:
        importer: Dotted name of the importing module, without the package's name in front.
        name: Dotted name of the imported module or object, likewise.
        lazy: The import is inside a function or under TYPE_CHECKING.
        line: Line number, for messages.
    """

    importer: str
    name: str
    lazy: bool
    line: int


def shortened(name: str) -> str:
    return name.removeprefix(f"{PACKAGE}.")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return shortened(".".join(part for part in parts if part != "__init__"))


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports_of(path: Path) -> Iterator[Import]:
    def walk(node: ast.AST, lazy: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                names = [each.name for each in child.names]
            elif isinstance(child, ast.ImportFrom) and child.module:
                # The imported name may be a module itself.
                names = [f"{child.module}.{each.name}" for each in child.names]
            else:
                names = []
                inner = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
                yield from walk(child, lazy or inner or is_type_checking(child))
            for name in names:
                yield Import(module_name(path), shortened(name), lazy, child.lineno)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), False)


FILES = sorted(path for name in OURS[:3] for path in (ROOT / name).rglob("*.py"))
IMPORTS = [each for path in FILES for each in imports_of(path)]

HTTP = ("starlette", "fastapi", "uvicorn")

# Importer, modules that it must not import, and whether lazy imports count, too.
NEVER: list[tuple[str, tuple[str, ...], bool]] = [
    ("settings", ("max", "numpy", *HTTP, "classify", "checkpoint", "engine", "families"), True),
    ("settings", ("lexicon", "serving"), True),
    ("classify", ("max", *HTTP, "lexicon", "checkpoint", "engine", "families", "serving"), True),
    (
        "explain",
        ("max", "numpy", *HTTP, "lexicon", "checkpoint", "engine", "families", "serving"),
        True,
    ),
    ("classify", ("explain",), True),
    ("lexicon", ("explain",), True),
    ("engine", ("explain",), True),
    ("checkpoint", ("max", *HTTP, "families", "engine", "lexicon", "serving"), True),
    ("engine", ("serving", "lexicon", "families", "weight_adapters"), True),
    ("families.*.config", ("max", "numpy", "engine", "serving", "lexicon"), True),
    ("families", ("serving", "lexicon"), True),
    ("families.registry", ("max", "numpy", "engine"), False),
    ("weight_adapters", ("max", "numpy", "engine"), False),
    ("weight_adapters", ("families", "serving", "lexicon"), True),
    ("lexicon", ("numpy", "max", *HTTP, "engine", "families", "checkpoint", "serving"), True),
    ("serving.dialects", ("max", "engine"), True),
    ("serving.standalone", ("max", "engine", "serving.inside_max"), True),
    ("*", ("cli", API), True),
    ("max_sentiment", ("max", *HTTP, "serving"), True),
    ("bulk", ("serving", *HTTP), True),
    ("machine", ("max", "numpy", *HTTP, "checkpoint", "classify", "engine", "serving"), True),
    ("probe", ("max", "numpy", *HTTP, "engine", "families", "serving", "doctor"), True),
    ("doctor", ("max", "numpy", *HTTP, "engine", "recommend"), True),
    ("recommend", (*HTTP, "serving", "doctor"), True),
    ("mcp_server", ("max", "numpy", "serving.inside_max", "serving.standalone"), True),
    ("*", ("scripts", "tests", "torch"), True),
]


def within(name: str, room: str) -> bool:
    """Whether a dotted name is a package or in it; a star matches one part, or alone everything."""
    if room == "*":
        return True
    parts = name.split(".")[: room.count(".") + 1]
    return fnmatch(".".join(parts), room)


@pytest.mark.parametrize(("room", "forbidden", "always"), NEVER, ids=str)
def test_no_package_imports_a_forbidden_one(
    room: str, forbidden: tuple[str, ...], always: bool
) -> None:
    wrong = [
        f"{each.importer}:{each.line} imports {each.name}"
        for each in IMPORTS
        if within(each.importer, room)
        and (always or not each.lazy)
        and any(within(each.name, other) for other in forbidden)
        and not (room == "*" and within(each.importer, each.name.partition(".")[0]))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_family_imports_another() -> None:
    wrong = [
        f"{each.importer}:{each.line} imports {each.name}"
        for each in IMPORTS
        if each.importer.startswith("families.")
        and each.name.startswith("families.")
        and each.importer.split(".")[1] not in ("registry", "warmth", each.name.split(".")[1])
    ]
    assert not wrong, "\n".join(wrong)


def test_datasets_are_for_the_command_and_the_api_only() -> None:
    wrong = [
        f"{each.importer}:{each.line} imports {each.name}"
        for each in IMPORTS
        if within(each.name, "bulk") and each.importer.split(".")[0] not in ("bulk", "cli", API)
    ]
    assert not wrong, "\n".join(wrong)


def test_tools_for_agents_and_their_sdk_are_for_one_command_only() -> None:
    wrong = [
        f"{each.importer}:{each.line} imports {each.name}"
        for each in IMPORTS
        if (within(each.name, "mcp") and not within(each.importer, "mcp_server"))
        or (
            within(each.name, "mcp_server")
            and each.importer.split(".")[0] not in ("cli", "mcp_server")
        )
    ]
    assert not wrong, "\n".join(wrong)
    assert any(within(each.name, "mcp") for each in IMPORTS)


def test_private_names_of_max_are_used_in_one_package_only() -> None:
    wrong = [
        f"{each.importer}:{each.line} imports {each.name}"
        for each in IMPORTS
        if within(each.name, "max")
        and any(part.startswith("_") for part in each.name.split("."))
        and not within(each.importer, "engine.max_internals")
    ]
    assert not wrong, "\n".join(wrong)


def test_there_are_no_circular_imports() -> None:
    names = {module_name(path) for path in FILES}
    edges: dict[str, set[str]] = {name: set() for name in names}
    for each in IMPORTS:
        if each.lazy:
            continue
        target = each.name if each.name in names else each.name.rpartition(".")[0]
        if target in names and target != each.importer:
            edges[each.importer].add(target)
    order: dict[str, int] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in order:
            for target in sorted(edges[name]):
                visit(target, (*path, name))
            order[name] = len(order)

    for name in sorted(names):
        visit(name, ())


def test_every_file_is_looked_at() -> None:
    assert len(FILES) > 100
    assert any(each.lazy for each in IMPORTS)
    assert any(within(each.name, "max") for each in IMPORTS)
