"""Good requests in every dialect, whose answers must never change by a bit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from scripts.besieging import heads
from scripts.besieging.answers import Answer
from scripts.besieging.request import Delivery, Request
from scripts.besieging.schemas import MODEL

_TEXTS = [
    "A good film.",
    "I hate it.",
    "The cast is fine, but the plot \u0301 drags on; never again!",
]
_MODEL_AND_LIST = ("", "afinn-111")
_VARYING_FIELDS = frozenset({"id", "created"})
"""Fields that differ in every answer."""


@dataclass(frozen=True)
class GoodRequest:
    """A request whose answer is always the same."""

    name: str
    path: str
    body: Any

    def request(self, number: int) -> Request:
        """Returns the HTTP request, with the number of the hostile request before it."""
        content = json.dumps(self.body).encode()
        fields = [("Host", "localhost"), ("Content-Length", str(len(content)))]
        head = heads.head("POST", self.path, fields)
        return Request(
            number, f"good: {self.name}", "POST", self.path, head, content, Delivery.KEPT
        )


def _good_requests() -> list[GoodRequest]:
    choice = {
        "type": "choice",
        "instructions": "?",
        "choices": [{"value": "POSITIVE"}, {"value": "NEGATIVE"}],
    }
    found = []
    for model in _MODEL_AND_LIST:
        named = {"model": model or MODEL}
        tensor = {"name": "text", "shape": [3], "datatype": "BYTES", "data": _TEXTS}
        outputs = [{"name": name} for name in ("label", "logits", "probabilities")]
        of = f", {named['model']}"
        path = named["model"]
        found += [
            GoodRequest(f"vllm{of}", "/classify", {**named, "input": _TEXTS[0]}),
            GoodRequest(f"tei{of}", "/predict", {**named, "inputs": [[text] for text in _TEXTS]}),
            GoodRequest(f"openai{of}", "/v1/embeddings", {**named, "input": _TEXTS}),
            GoodRequest(
                f"decisions{of}",
                "/v1/decisions",
                {**named, "input": _TEXTS[1], "questions": [choice]},
            ),
            GoodRequest(f"kserve-v1{of}", f"/v1/models/{path}:predict", {"instances": _TEXTS[1:]}),
            GoodRequest(
                f"kserve-v2{of}",
                f"/v2/models/{path}/infer",
                {"inputs": [tensor], "outputs": outputs},
            ),
            GoodRequest(
                f"vllm, logits{of}",
                "/v1/classify",
                {**named, "input": "good " * 60, "use_activation": False},
            ),
        ]
    return [*found, GoodRequest("lexicon", "/v1/lexicon/classify", {"input": _TEXTS})]


GOOD_REQUESTS = _good_requests()
"""Good requests, in the order in which they are sent."""


def data_of(answer: Answer) -> str:
    """Returns the part of an answer that must not change, with floats as they were written.

    Raises:
        ValueError: The status is not 200, or the body is not JSON.
    """
    if answer.status != 200:
        raise ValueError(f"status {answer.status}")
    content = json.loads(answer.body, parse_float=lambda digits: f"float {digits}")
    if isinstance(content, dict):
        content = {name: value for name, value in content.items() if name not in _VARYING_FIELDS}
    return json.dumps(content, sort_keys=True)
