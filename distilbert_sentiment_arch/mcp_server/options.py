"""What a server of tools is asked to do, by the flags of its command."""

from __future__ import annotations

from dataclasses import dataclass

from distilbert_sentiment_arch.lexicon.settings import EMBEDDED

PATH = "/mcp"
"""Path of the tools where they are served over HTTP."""


@dataclass(frozen=True)
class ModelChoice:
    """The model that tools use; no argument of a tool changes it.

    Attributes:
        model: A directory, a hub id, the name of an embedded word list, or None for the embedded
            checkpoint.
        revision: Revision of a hub id; None for the pinned one, else ``main``.
    """

    model: str | None = None
    revision: str | None = None

    @property
    def checkpoint(self) -> str | None:
        """The model, or the embedded checkpoint where that is a word list."""
        return None if self.model in EMBEDDED else self.model


@dataclass(frozen=True)
class HttpOptions:
    """Where and for whom tools are served over HTTP.

    Attributes:
        host: Address to listen at.
        port: Port; 0 for any that is free.
        allowed_hosts: Names by which clients reach the server beside that of its address, with or
            without a port: values of the header ``Host``.
        max_body_bytes: Most bytes in the body of a request.
        max_sessions: Most sessions at a time.
    """

    host: str
    port: int
    allowed_hosts: tuple[str, ...]
    max_body_bytes: int
    max_sessions: int
