"""Dependencies: imported packages are declared, and missing ones are reported with a remedy."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator

import pytest
from commands import ROOT

from distilbert_sentiment_arch.dependencies import REQUIREMENTS, check_dependencies
from distilbert_sentiment_arch.errors import DependencyError

DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]

EXTRAS = {"PIL", "anyio", "fsspec", "mcp", "pandas", "pyarrow", "ray"}
"""What the extras are for, or bring along; imported where a dataset is scored, or tools are
served. Pillow comes with MAX, and is asked for before a report is drawn."""

OURS = {"distilbert_sentiment_arch", "max_sentiment", "weight_adapters"}

NOT_IMPORTED = {"fastapi-swagger", "httptools", "max-shmem-libs", "transformers"}
"""Used for its files, or by what is imported: by uvicorn, by MAX's libraries and by MAX's
tokenizers."""


def imported_modules() -> set[str]:
    """Top-level third-party modules that the package or the weight adapters import anywhere."""
    found = set()
    for directory in OURS:
        for path in (ROOT / directory).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                found.update(name.partition(".")[0] for name in names_of(node))
    return found - sys.stdlib_module_names - OURS - EXTRAS


def names_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        yield node.module


def distribution(requirement: str) -> str:
    match = re.match(r"[\w-]+", requirement)
    assert match is not None
    return match[0]


def test_required_packages_are_exactly_the_imported_ones() -> None:
    required = {module for module, each in REQUIREMENTS.items()}
    unused = {module for module in required if distribution(REQUIREMENTS[module]) in NOT_IMPORTED}
    assert imported_modules() | unused == required


def test_required_packages_are_declared() -> None:
    declared = {each for each in DECLARED if not each.startswith("max-shmem-libs")}
    assert set(REQUIREMENTS.values()) == declared


def test_this_environment_has_everything() -> None:
    check_dependencies()


@pytest.mark.parametrize(
    ("requirement", "lacking"),
    [
        ("no-such-package>=1.2", "no-such-package"),
        ("pytest==1.0", "pytest==1.0 ({} is installed)"),
        ("pytest>=1000", "pytest>=1000 ({} is installed)"),
    ],
)
def test_a_package_that_is_missing_or_does_not_fit_is_named_with_the_remedy(
    requirement: str, lacking: str
) -> None:
    module = distribution(requirement).replace("-", "_")
    with pytest.raises(DependencyError) as raised:
        check_dependencies({"numpy": "numpy>=2.0", module: requirement})
    message = str(raised.value)
    assert f"lacks {lacking.format(pytest.__version__)}. Install" in message
    assert message.endswith(f" install {python_option()}'{requirement}'")
    assert "\n" not in message


def python_option() -> str:
    """Returns uv's option for this environment, which has no pip of its own if uv made it."""
    return f"--python {sys.prefix}/bin/python "


@pytest.mark.parametrize("requirement", ["pytest>=9", "pytest>=9.0.0", "pytest>=8.10"])
def test_versions_are_compared_as_numbers(requirement: str) -> None:
    check_dependencies({"pytest": requirement})
