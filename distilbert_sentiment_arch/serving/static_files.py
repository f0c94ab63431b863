"""Static files, kept in memory: content type, validator and security headers of each."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
"""Content types by suffix of a file; a file of another suffix is not served."""

METHODS = ("GET", "HEAD")
"""Methods that a static file answers."""

_FIXED_HEADERS: Mapping[str, str] = {
    # The names carry no version: a browser asks each time, and is answered 304 until an upgrade.
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True)
class StaticFile:
    """A file that is answered as it is.

    Attributes:
        content: Its bytes.
        media_type: Its content type.
        template: Path template in metrics and logs.
        policy: Content-Security-Policy of the page that it is, or is a part of.
        headers: Further response headers.
    """

    content: bytes
    media_type: str
    template: str
    policy: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def etag(self) -> str:
        """Validator of the content, in quotation marks."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    def respond(self, request: Request) -> Response:
        """Returns 200 with the content, or 304 if the caller has it already."""
        headers = {
            **_FIXED_HEADERS,
            "Content-Security-Policy": self.policy,
            "ETag": self.etag,
            **self.headers,
        }
        if self._is_known(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        # As a header, because Starlette would add another charset to a media type.
        return Response(self.content, headers={**headers, "Content-Type": self.media_type})

    def _is_known(self, validators: str) -> bool:
        known = (each.strip().removeprefix("W/") for each in validators.split(","))
        return any(each in ("*", self.etag) for each in known)
