"""FastAPI routes of the endpoints, for the OpenAPI document only; ``routing`` handles requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer

from distilbert_sentiment_arch.classify.interface import FALLBACK_POLICIES, TRUNCATION_MODES
from distilbert_sentiment_arch.serving.call import FALLBACK_HEADER, TRUNCATION_HEADER
from distilbert_sentiment_arch.serving.endpoint import Endpoint
from distilbert_sentiment_arch.serving.endpoints import ENDPOINTS
from distilbert_sentiment_arch.settings.defaults import DEFAULT_NAME

# Only documents the authentication scheme; ApiKeys checks the keys.
_BEARER = Security(HTTPBearer(auto_error=False, description="Where the operator set API keys."))

_HEADERS = (
    (
        TRUNCATION_HEADER,
        TRUNCATION_MODES,
        "How to read inputs over the limit, for clients that cannot say so in the body: cut off "
        "the start or the end, or read all in windows.",
    ),
    (
        FALLBACK_HEADER,
        FALLBACK_POLICIES,
        "When a word list may answer in place of the model. It narrows what the server allows.",
    ),
)


def add_endpoints(router: APIRouter) -> None:
    """Adds every endpoint to a router."""
    for endpoint in ENDPOINTS:
        router.add_api_route(
            endpoint.path,
            _documented,
            methods=[endpoint.method],
            response_model=endpoint.answer,
            response_model_exclude_none=endpoint.drop_none,
            response_class=Response if endpoint.answer is None else JSONResponse,
            responses=_failures(endpoint),
            dependencies=[] if endpoint.probe else [_BEARER],
            tags=[endpoint.tag],
            name=endpoint.handler.__name__,
            description=endpoint.handler.__doc__,
            openapi_extra=_extra(endpoint),
        )


async def _documented() -> None:
    """Placeholder for the handlers of all endpoints; it is never called."""


def _failures(endpoint: Endpoint) -> dict[int | str, dict[str, Any]]:
    # 422 is listed because FastAPI would otherwise document its own 422 response.
    statuses = sorted(endpoint.dialect.failures() | {422})
    models = dict.fromkeys(statuses, endpoint.dialect.error_model) | dict(endpoint.failures)
    return {status: {"model": model} for status, model in models.items()}


def _extra(endpoint: Endpoint) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = []
    if "{name:model}" in endpoint.path:
        parameters.append(
            {
                "name": "name",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "examples": [DEFAULT_NAME]},
                "description": "A name that GET /v1/models lists.",
            }
        )
    extra: dict[str, Any] = {"parameters": parameters}
    if endpoint.body is not None:
        parameters += [
            {
                "name": name,
                "in": "header",
                "schema": {"type": "string", "enum": list(known)},
                "description": description,
            }
            for name, known, description in _HEADERS
        ]
        schema = inlined(endpoint.body.model_json_schema())
        content = {"application/json": {"schema": schema}}
        extra["requestBody"] = {"required": True, "content": content}
    return extra


def inlined(schema: Any, definitions: Mapping[str, Any] | None = None) -> Any:
    """Returns a JSON schema in which references are replaced by their definitions.

    FastAPI adds definitions to its document only for bodies that it parses, and it parses none of
    these.
    """
    if isinstance(schema, list):
        return [inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    definitions = schema.get("$defs", definitions) or {}
    if "$ref" in schema:
        return inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {key: inlined(value, definitions) for key, value in schema.items() if key != "$defs"}
