"""Judgement of responses by rules that hold for every request."""

from __future__ import annotations

import base64
import json
import math
import struct
from typing import Any

from scripts.besieging.answers import Answer
from scripts.besieging.request import NOT_AWAITED_DELIVERIES, Request
from scripts.besieging.transport import Exchange

_MAX_ERROR_BYTES = 4096
"""Maximum bytes of the body of an error response."""
_LARGE = 64 * 1024
"""Bytes of a request above which a server may close the connection without reading all of it, so
that its response may be lost."""
_INTERNAL = frozenset({424, 500, 501, 502, 504, 505})
"""Statuses of internal failures; text-embeddings-inference uses 424."""

_OPENAI = {"message", "type", "param", "code"}
_MAX_PATHS = (
    *("/health", "/v1/health", "/ping", "/version", "/openapi.json"),
    *("/max_internal", "/reset_prefix_cache"),
)
"""Paths of MAX, whose error responses have MAX's format."""


def judge(request: Request, exchange: Exchange) -> str | None:
    """Returns what is wrong with the result of a request; None if nothing is."""
    if exchange.not_http is not None:
        return f"not HTTP: {exchange.not_http}"
    if exchange.timed_out_s is not None:
        return f"neither answer nor end within {exchange.timed_out_s:g} s"
    for answer in exchange.answers:
        wrong = _judge_answer(request, answer)
        if wrong is not None:
            return f"{wrong}: {answer.shown()}"
    if exchange.ended is not None:
        if exchange.ended.partial:
            return f"an answer was cut: {exchange.ended}"
        if request.well_formed and len(request.content) <= _LARGE and not exchange.answers:
            return "closed without an answer"
    elif not exchange.answers and request.delivery not in NOT_AWAITED_DELIVERIES:
        return "no answer"
    return None


def _judge_answer(request: Request, answer: Answer) -> str | None:
    status, fields = answer.status, answer.head.fields
    if status in _INTERNAL or (status > 505 and status != 503):
        return f"status {status}"
    if status == 503 and "retry-after" not in fields:
        return "503 without Retry-After"
    if request.well_formed and "x-request-id" not in fields:
        return "no X-Request-Id"
    if status >= 400 and len(answer.body) > _MAX_ERROR_BYTES:
        return f"a refusal of {len(answer.body)} bytes"
    if not answer.body:
        return (
            None if request.method == "HEAD" or status < 400 or _any_format(request) else "no body"
        )
    if not fields.get("content-type", "").startswith("application/json"):
        return None if status < 400 or _any_format(request) else "a refusal that is no JSON"
    return _judge_json(request, answer)


def _any_format(request: Request) -> bool:
    """Whether an error response may have any format: that of the HTTP parser or of MAX."""
    path = request.path
    return not request.well_formed or path is None or path.startswith(_MAX_PATHS)


def _judge_json(request: Request, answer: Answer) -> str | None:
    try:
        content = json.loads(answer.body, parse_constant=_raise_not_finite)
    except _NotFiniteError as error:
        return f"{error} in the answer"
    except ValueError:
        return "JSON that is none"
    if answer.status < 400:
        return _not_finite(content)
    if request.path == "/ready" and answer.status == 503:
        return None
    return None if _is_envelope(request, content, answer.status) else "another envelope"


def _is_envelope(request: Request, content: Any, status: int) -> bool:
    openai = isinstance(content, dict) and _is_openai(content, status)
    kserve = isinstance(content, dict) and set(content) == {"error"} and _is_text(content["error"])
    tei = (
        isinstance(content, dict)
        and set(content) == {"error", "error_type"}
        and _is_text(content["error"])
        and _is_text(content["error_type"])
    )
    path = request.path
    if path is not None and path.startswith(_MAX_PATHS):
        return True
    if path is None or not request.well_formed:
        return openai or kserve or tei
    if path == "/v2/rerank":
        return openai
    if path == "/v2" or path.startswith("/v2/"):
        return kserve
    if path.startswith("/v1/models/") and path.endswith((":predict", ":explain")):
        return kserve
    if path in ("/predict", "/rerank") or path.startswith(("/predict/", "/rerank/")):
        return tei
    return openai


def _is_openai(content: dict[str, Any], status: int) -> bool:
    error = content.get("error")
    return (
        set(content) == {"error"}
        and isinstance(error, dict)
        and set(error) == _OPENAI
        and error["code"] == status
        and _is_text(error["message"])
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _not_finite(content: Any) -> str | None:
    """Returns a message if a number in base64 is not finite; the JSON parser checks all others."""
    if not isinstance(content, dict) or not isinstance(content.get("data"), list):
        return None
    for datum in content["data"]:
        packed = datum.get("embedding") if isinstance(datum, dict) else None
        if isinstance(packed, str):
            values = struct.iter_unpack("<f", base64.b64decode(packed))
            if not all(math.isfinite(value) for (value,) in values):
                return "a logit in base64 is not finite"
    return None


class _NotFiniteError(ValueError):
    pass


def _raise_not_finite(name: str) -> Any:
    raise _NotFiniteError(name)
