"""``GET /`` for programs: what this server is, as JSON."""

from __future__ import annotations

from distilbert_sentiment_arch.classify.interface import Route
from distilbert_sentiment_arch.serving.call import Call
from distilbert_sentiment_arch.serving.dialects.openai_errors import OPENAI
from distilbert_sentiment_arch.serving.endpoint import Endpoint
from distilbert_sentiment_arch.serving.endpoints import ENDPOINTS
from distilbert_sentiment_arch.serving.wire import WireModel
from distilbert_sentiment_arch.settings.defaults import VERSION


class ServedName(WireModel):
    """A model or word list that is served."""

    id: str
    route: Route


class ServedRoute(WireModel):
    """A method and a path that this server answers."""

    method: str
    path: str
    summary: str


class Documentation(WireModel):
    """Where the routes are described."""

    openapi: str = "/openapi.json"
    html: str = "/docs"


class ServerIndex(WireModel):
    """What this server is, and what it answers."""

    name: str = "max-sentiment"
    version: str = VERSION
    models: list[ServedName]
    routes: list[ServedRoute]
    documentation: Documentation


async def index(call: Call) -> ServerIndex:
    """Lists models and routes."""
    return ServerIndex(
        models=[
            ServedName(id=each.name, route=each.route) for each in call.app.classifiers.values()
        ],
        routes=[
            ServedRoute(
                method=each.method,
                path=each.path.replace("{name:model}", "{name}"),
                summary=summary_of(each),
            )
            for each in ENDPOINTS
        ],
        documentation=Documentation(),
    )


def summary_of(endpoint: Endpoint) -> str:
    """Returns the first line of what an endpoint says of itself."""
    return (endpoint.handler.__doc__ or "").strip().partition("\n")[0]


INDEX = Endpoint(OPENAI, "models", False, "GET", "/", index, ServerIndex)
"""Not in the OpenAPI document: whether there is an index depends on a setting."""


def prefers_html(accept: str) -> bool:
    """Whether a caller asks for HTML by name, as browsers do, and not more for JSON.

    ``*/*``, which curl and most libraries send, and no header at all, get JSON.
    """
    weights: dict[str, float] = {}
    for each in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in each.split(";"))
        weights[media_type] = _weight(parameters)
    html = weights.get("text/html", 0.0)
    return html > 0 and html >= weights.get("application/json", 0.0)


def _weight(parameters: list[str]) -> float:
    for each in parameters:
        name, _, value = each.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
