"""A tool: its types, what clients may assume of it, and the function behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from distilbert_sentiment_arch.classify.interface import Classifier
from distilbert_sentiment_arch.mcp_server.progress import Report
from distilbert_sentiment_arch.mcp_server.services import Services
from distilbert_sentiment_arch.serving.wire import WireModel
from distilbert_sentiment_arch.settings.limits import Limits

MOST_LABELS = 20
"""Most labels in a description, which a client reads with every task."""


class Arguments(WireModel):
    """Base of the arguments of a tool; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")


class NoArguments(Arguments):
    """The arguments of a tool that takes none."""


@dataclass(frozen=True)
class Tool:
    """A tool.

    Attributes:
        name: What programs call it.
        title: What people call it.
        description: What it does and when to use it, for the model that chooses among tools;
            ``{model}`` and ``{labels}`` in it stand for those of the server.
        arguments: Type of its arguments; ``texts`` among them is a list of texts.
        result: Type of its result.
        run: Answers a call.
        read_only: It changes nothing.
        idempotent: Called again with the same arguments it has no further effect.
        open_world: It talks to services outside of this machine.
    """

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    result: type[BaseModel]
    run: Callable[[Services, Any, Report], Awaitable[BaseModel]]
    read_only: bool = True
    idempotent: bool = True
    open_world: bool = False

    def input_schema(self, limits: Limits) -> dict[str, Any]:
        """Returns the JSON schema of its arguments, with the operator's limits on texts."""
        schema = self.arguments.model_json_schema()
        texts = schema.get("properties", {}).get("texts")
        if texts is not None:
            bounds = {"minItems": 1, "maxItems": limits.max_inputs}
            arrays = [texts, *texts.get("anyOf", [])]
            next(each for each in arrays if each.get("type") == "array").update(bounds)
            texts["description"] += (
                f" At most {limits.max_inputs} texts with {limits.max_request_characters} "
                "characters together."
            )
        return schema

    def described(self, classifier: Classifier) -> str:
        """Returns the description.

        Args:
            classifier: The default one of the server.
        """
        names = classifier.labels.names
        labels = ", ".join(names[:MOST_LABELS]) + (", ..." if len(names) > MOST_LABELS else "")
        return self.description.format(model=classifier.name, labels=labels)

    def output_schema(self) -> dict[str, Any]:
        """Returns the JSON schema of its result."""
        return self.result.model_json_schema(mode="serialization")
