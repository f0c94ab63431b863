"""Source files that a module of this package depends on, found by reading its imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from distilbert_sentiment_arch.settings.defaults import PACKAGE


def imported_modules(names: Iterable[str]) -> list[Path]:
    """Returns the files of modules and of all that they import from this package.

    Imports inside functions count, too. A module of another package stands for itself alone and is
    left out.

    Args:
        names: Dotted names, this package's own first.
    """
    found: set[Path] = set()
    waiting = list(names)
    while waiting:
        path = _file_of(waiting.pop())
        if path is None or path in found:
            continue
        found.add(path)
        waiting += _imports(path)
    return sorted(found)


def _file_of(name: str) -> Path | None:
    package, *parts = name.split(".")
    if package != PACKAGE.name:
        return None
    path = PACKAGE.joinpath(*parts)
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((each for each in files if each.is_file()), None)


def _imports(path: Path) -> list[str]:
    """Returns the dotted names of what a file may import."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # What is imported is a module, or a name inside one.
            found += [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
    return found
