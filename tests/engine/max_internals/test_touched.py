"""The private names of MAX that this project uses, checked against the installed MAX."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from importlib.metadata import version

import pytest

from distilbert_sentiment_arch.engine.max_internals.touched import MAX_VERSION, TOUCHED, Touched
from distilbert_sentiment_arch.settings.defaults import PACKAGE


def test_the_version_of_max_is_the_one_the_list_was_made_for() -> None:
    assert version("max") == MAX_VERSION, "read every name of TOUCHED in the new MAX"


@pytest.mark.parametrize("touched", TOUCHED, ids=lambda each: each.name)
def test_each_name_exists_with_the_listed_signature(touched: Touched) -> None:
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
def test_the_listed_module_uses_the_name(touched: Touched) -> None:
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
    """Whether a name is listed, or contains a listed name, or is in the same module as one."""
    module = name.rpartition(".")[0]
    return any(
        each == name or each.startswith(f"{name}.") or each.rpartition(".")[0] == module
        for each in listed
    )
