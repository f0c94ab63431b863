"""Private names of MAX are what they were when the code around them was written."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from importlib.metadata import version

import pytest

from distilbert_sentiment_arch.engine.max_internals.touched import MAX_VERSION, TOUCHED, Touched
from distilbert_sentiment_arch.settings.defaults import PACKAGE


def test_it_is_the_max_that_was_read() -> None:
    assert version("max") == MAX_VERSION, (
        "read every name of TOUCHED in the new MAX"
    )


@pytest.mark.parametrize("touched", TOUCHED, ids=lambda each: each.name)
def test_a_name_is_there_and_takes_what_it_took(touched: Touched) -> None:
    module, _, attribute = touched.name.partition(":")
    found = getattr(import_module(module), attribute)
    if touched.signature is not None:
        parameters = inspect.signature(found).parameters.values()
        bare = inspect.Signature(
            [
                each.replace(annotation=inspect.Parameter.empty, default=inspect.Parameter.empty)
                for each in parameters
            ]
        )
        assert str(bare) == touched.signature


@pytest.mark.parametrize("touched", TOUCHED, ids=lambda each: each.name)
def test_the_module_that_touches_it_is_named(touched: Touched) -> None:
    path = PACKAGE.joinpath(*touched.where.split(".")).with_suffix(".py")
    assert touched.name.rpartition(":")[2] in path.read_text(encoding="utf-8")


def test_every_private_import_and_every_replacement_is_listed() -> None:
    listed = {each.name.replace(":", ".") for each in TOUCHED}
    attributes = {each.name.rpartition(":")[2] for each in TOUCHED if each.how == "replaced"}
    for path in (PACKAGE / "engine" / "max_internals").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("max."):
                names = [f"{node.module}.{each.name}" for each in node.names]
                private = [name for name in names if "._" in name]
                assert all(_is_listed(name, listed) for name in private), (path.name, private)
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
                assigned = ast.unparse(node.targets[0])
                if not assigned.startswith("self."):
                    assert assigned.rpartition(".")[2] in attributes, (path.name, assigned)


def _is_listed(name: str, listed: set[str]) -> bool:
    """Whether a name is listed, or is a module or a neighbour of a name that is."""
    module = name.rpartition(".")[0]
    return any(
        each == name or each.startswith(f"{name}.") or each.rpartition(".")[0] == module
        for each in listed
    )
