"""Good requests in every dialect, whose answers may never change by a bit."""

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
_OF_ONE_ANSWER = frozenset({"id", "created"})
"""What differs from one answer to the next."""


@dataclass(frozen=True)
class Good:
    """A request that is always answered alike."""

    name: str
    path: str
    body: Any

    def request(self, number: int) -> Request:
        """Returns it as the request behind that of a number."""
        content = json.dumps(self.body).encode()
        fields = [("Host", "localhost"), ("Content-Length", str(len(content)))]
        head = heads.head("POST", self.path, fields)
        return Request(
            number, f"good: {self.name}", "POST", self.path, head, content, Delivery.KEPT
        )


def _goods() -> list[Good]:
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
            Good(f"vllm{of}", "/classify", {**named, "input": _TEXTS[0]}),
            Good(f"tei{of}", "/predict", {**named, "inputs": [[text] for text in _TEXTS]}),
            Good(f"openai{of}", "/v1/embeddings", {**named, "input": _TEXTS}),
            Good(
                f"decisions{of}",
                "/v1/decisions",
                {**named, "input": _TEXTS[1], "questions": [choice]},
            ),
            Good(f"kserve-v1{of}", f"/v1/models/{path}:predict", {"instances": _TEXTS[1:]}),
            Good(
                f"kserve-v2{of}",
                f"/v2/models/{path}/infer",
                {"inputs": [tensor], "outputs": outputs},
            ),
            Good(
                f"vllm, logits{of}",
                "/v1/classify",
                {**named, "input": "good " * 60, "use_activation": False},
            ),
        ]
    return [*found, Good("lexicon", "/v1/lexicon/classify", {"input": _TEXTS})]


GOODS = _goods()
"""In the order in which they take turns."""


def data_of(answer: Answer) -> str:
    """Returns what may not change of an answer; numbers are kept as they were written.

    Raises:
        ValueError: It is not the JSON of a 200.
    """
    if answer.status != 200:
        raise ValueError(f"status {answer.status}")
    content = json.loads(answer.body, parse_float=lambda digits: f"float {digits}")
    if isinstance(content, dict):
        content = {name: value for name, value in content.items() if name not in _OF_ONE_ANSWER}
    return json.dumps(content, sort_keys=True)
