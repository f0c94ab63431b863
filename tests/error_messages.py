"""Messages that the product can print, read from its sources without running them.

A message is a text with ``…`` for each part that varies: ``port … is in use on ….``.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from math import prod
from pathlib import Path

from commands import ROOT

from distilbert_sentiment_arch.errors import SentimentError

ROOMS = ("distilbert_sentiment_arch", "weight_adapters", "max_sentiment")

VARIES = "…"

MOST_FORMS = 24
"""Forms of one message from which on the parts that make them are left open."""

DEEPEST = 8
"""Steps from a message to where its words come from."""

LOGGERS = {"logger", "_log", "log"}
LEVELS = {"warning", "error", "exception", "critical"}

WITH_A_CODE_FIRST = {"HTTPException", "OSError", "Failure"}
"""Whose second argument is the message."""

NOT_SEEN = {
    "AssertionError",
    "AttributeError",
    "NotImplementedError",
    "StopIteration",
    "SystemExit",
}
"""Exceptions of Python's own protocols, whose words reach no user."""

SENTENCES = (
    "distilbert_sentiment_arch/bulk/reading/",
    "distilbert_sentiment_arch/serving/errors.py",
    "distilbert_sentiment_arch/serving/http_protocol.py",
)
"""Where errors are texts without being exceptions: every sentence there is one."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, order=True)
class Message:
    """A text that the product can print.

    Attributes:
        text: Its words, with ``…`` for what varies.
        place: The file, relative to the repository, and the line that make it.
    """

    text: str
    place: str


@dataclass(frozen=True, eq=False)
class Module:
    """A source file, and what its names stand for.

    Attributes:
        path: Relative to the repository.
        tree: The parsed file.
        parents: What each node stands in.
    """

    path: str
    tree: ast.Module
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yields what a node stands in, from the inside out."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def function_of(self, node: ast.AST) -> Function | None:
        """Returns the innermost function that a node stands in."""
        return next((each for each in self.around(node) if isinstance(each, Function)), None)

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """What is assigned to each name of the module."""
        return {
            target.id: node.value
            for node in self.tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """Module and name that each imported name stands for."""
        return {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }

    @cached_property
    def documentation(self) -> set[ast.AST]:
        """Texts that stand alone: docstrings, also of attributes."""
        return {node.value for node in ast.walk(self.tree) if isinstance(node, ast.Expr)}


def read_module(path: Path) -> Module:
    """Parses a file of the repository."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    module = Module(str(path.relative_to(ROOT)), tree)
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            module.parents[child] = node
    return module


class Sources:
    """The modules of the product, and the messages in them."""

    def __init__(self) -> None:
        paths = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
        self._modules = {module.path: module for module in map(read_module, paths)}

    def messages(self) -> list[Message]:
        """Returns every message of an exception, a warning or an error of the log.

        Messages that have no words of their own, such as those that pass on another's, are left
        out.
        """
        found = {
            Message(text, f"{module.path}:{node.lineno}")
            for module, node in self._expressions()
            for text in self._texts(module, node)
            if re.search(r"\w\W* \w", text)
        }
        return sorted(found, key=lambda each: (each.place, each.text))

    def texts(self) -> dict[str, str]:
        """Returns every text of the sources, whatever it is for, and a place of each."""
        return {
            text: f"{module.path}:{node.lineno}"
            for module in self._modules.values()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Constant | ast.JoinedStr) and node not in module.documentation
            for text in self._texts(module, node)
        }

    # What makes messages

    def _expressions(self) -> Iterator[tuple[Module, ast.expr]]:
        for module in self._modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call) and (said := self._said(module, node)) is not None:
                    yield module, said
                elif (
                    isinstance(node, ast.JoinedStr | ast.Constant | ast.BinOp)
                    and module.path.startswith(SENTENCES)
                    and self._is_sentence(module, node)
                ):
                    yield module, node

    def _said(self, module: Module, call: ast.Call) -> ast.expr | None:
        """Returns the message among a call's arguments, if it makes an exception or a log line."""
        name = _last_name(call.func)
        if name in WITH_A_CODE_FIRST:
            place = 1
        elif (
            self._is_log_line(call)
            or name in self._errors
            or (name == "__init__" and _class_around(module, call) in self._errors)
            or _is_error_type(module, call)
            or (name not in NOT_SEEN and _is_thrown(module, call))
        ):
            place = 0
        else:
            return None
        return call.args[place] if place < len(call.args) else None

    @cached_property
    def _errors(self) -> set[str]:
        """Names of the exceptions of the product."""
        found = {SentimentError.__name__}
        classes = [
            (node.name, {_last_name(each) for each in node.bases})
            for module in self._modules.values()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.ClassDef)
        ]
        while more := {name for name, bases in classes if bases & found} - found:
            found |= more
        return found

    @staticmethod
    def _is_log_line(call: ast.Call) -> bool:
        function = call.func
        return (
            isinstance(function, ast.Attribute)
            and function.attr in LEVELS
            and _last_name(function.value) in LOGGERS
        )

    def _is_sentence(self, module: Module, node: ast.expr) -> bool:
        parent = next(module.around(node), None)
        if node in module.documentation or isinstance(parent, ast.JoinedStr | ast.BinOp):
            return False
        return any(re.search(r"\w .*\.( |$)", text) for text in self._texts(module, node))

    # What an expression says

    def _texts(self, module: Module, node: ast.expr) -> set[str]:
        found = (re.sub(r"\s+", " ", text).strip() for text in self._forms(module, node, 0))
        return {re.sub(f"{VARIES}+", VARIES, text) for text in found}

    def _forms(self, module: Module, node: ast.expr, depth: int) -> list[str]:
        """Returns the texts that an expression can be."""
        found = [VARIES]
        if depth > DEEPEST:
            pass
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                found = [re.sub(r"%(\(\w+\))?[-\d.]*[sdrgf]", VARIES, node.value)]
        elif isinstance(node, ast.JoinedStr):
            found = self._joined(module, node.values, depth)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            found = self._joined(module, [node.left, node.right], depth)
        elif isinstance(node, ast.IfExp):
            found = self._any_of(module, [node.body, node.orelse], depth)
        elif isinstance(node, ast.BoolOp):
            found = self._any_of(module, node.values, depth)
        elif isinstance(node, ast.FormattedValue):
            found = self._in_braces(module, node.value, depth)
        elif isinstance(node, ast.Call) and _last_name(node.func) == "one_line":
            found = self._forms(module, node.args[0], depth + 1)
        elif isinstance(node, ast.Name):
            found = self._named(module, node, depth)
        return found

    def _any_of(self, module: Module, nodes: list[ast.expr], depth: int) -> list[str]:
        return [text for each in nodes for text in self._forms(module, each, depth + 1)]

    def _joined(self, module: Module, nodes: list[ast.expr], depth: int) -> list[str]:
        parts = [self._forms(module, each, depth + 1) for each in nodes]
        several = [len(each) for each in parts if len(each) > 1]
        if len(several) > 1 and prod(several) > MOST_FORMS:
            parts = [each if len(each) == 1 else [VARIES] for each in parts]
        return ["".join(each) for each in product(*parts)]

    def _in_braces(self, module: Module, node: ast.expr, depth: int) -> list[str]:
        """Returns the phrases and the one constant that it can be; other single words vary."""
        found = self._forms(module, node, depth + 1)
        if len(found) > 1 or not isinstance(node, ast.Name):
            found = sorted({each if not each or " " in each.strip() else VARIES for each in found})
        return found

    def _named(self, module: Module, name: ast.Name, depth: int) -> list[str]:
        function = module.function_of(name)
        while function is not None:
            assigned = _assigned(function, name.id)
            if assigned:
                found = self._any_of(module, assigned, depth)
                return [*found, *self._with_additions(module, function, name.id, found, depth)]
            if name.id in map(_argument, _parameters(function)):
                return self._passed(module, function, name.id, depth)
            function = module.function_of(function)
        constant = self._constant(module, name.id)
        return [VARIES] if constant is None else self._forms(*constant, depth + 1)

    def _with_additions(
        self, module: Module, function: Function, name: str, found: list[str], depth: int
    ) -> list[str]:
        added = [
            node.value
            for node in ast.walk(function)
            if isinstance(node, ast.AugAssign) and _last_name(node.target) == name
        ]
        return [a + b for a in found for b in self._any_of(module, added, depth)]

    def _constant(self, module: Module, name: str) -> tuple[Module, ast.expr] | None:
        if name in module.constants:
            return module, module.constants[name]
        source, original = module.imports.get(name, ("", ""))
        path = source.replace(".", "/")
        for each in (f"{path}.py", f"{path}/__init__.py"):
            if each in self._modules:
                return self._constant(self._modules[each], original)
        return None

    def _passed(self, home: Module, function: Function, name: str, depth: int) -> list[str]:
        """Returns the phrases that callers pass for a parameter."""
        parameters = _parameters(function)
        place = [*map(_argument, parameters)].index(name)
        annotation = parameters[place].annotation
        of_text = annotation is not None and ast.unparse(annotation) == "str"
        if not of_text or function.name == "__init__":  # what it gets is a message of its own
            return [VARIES]
        first = int(parameters[0].arg in {"self", "cls"})
        texts = []
        for module, call in self._calls[function.name]:
            if module is home or not function.name.startswith("_"):
                given = [each.value for each in call.keywords if each.arg == name]
                given += call.args[place - first : place - first + 1]
                texts += self._any_of(module, given, depth)
        return sorted({text if " " in text.strip() else VARIES for text in texts} or {VARIES})

    @cached_property
    def _calls(self) -> defaultdict[str, list[tuple[Module, ast.Call]]]:
        """Calls by the last name of what they call; those of loggers and parsers are left out."""
        found: defaultdict[str, list[tuple[Module, ast.Call]]] = defaultdict(list)
        for module in self._modules.values():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    on = node.func.value if isinstance(node.func, ast.Attribute) else node.func
                    if _last_name(on) not in LOGGERS | {"_parser", "parser"}:
                        found[_last_name(node.func)].append((module, node))
        return found


def _is_error_type(module: Module, call: ast.Call) -> bool:
    """Whether a call makes an exception of a type that its function was passed."""
    function = module.function_of(call)
    if function is None or not isinstance(call.func, ast.Name):
        return False
    return any(
        each.arg == call.func.id
        and each.annotation is not None
        and ast.unparse(each.annotation).startswith("type[")
        for each in _parameters(function)
    )


def _is_thrown(module: Module, call: ast.Call) -> bool:
    """Whether a call makes an exception that is raised there, or one of Python's for a caller."""
    name = _last_name(call.func)
    parent = next(module.around(call), None)
    if isinstance(parent, ast.Raise):
        return name[:1].isupper()
    python = getattr(builtins, name, None)
    is_error = isinstance(python, type) and issubclass(python, Exception)
    return is_error and isinstance(parent, ast.Return)


def _assigned(function: Function, name: str) -> list[ast.expr]:
    """Returns what a function assigns to a local name, None excepted."""
    return [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and any(_last_name(each) == name for each in node.targets if isinstance(each, ast.Name))
        and not (isinstance(node.value, ast.Constant) and node.value.value is None)
    ]


def _parameters(function: Function) -> list[ast.arg]:
    given = function.args
    return [*given.posonlyargs, *given.args, *given.kwonlyargs]


def _argument(parameter: ast.arg) -> str:
    return parameter.arg


def _class_around(module: Module, node: ast.AST) -> str:
    found = (each.name for each in module.around(node) if isinstance(each, ast.ClassDef))
    return next(found, "")


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
