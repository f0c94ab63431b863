"""API keys from the environment or from a file, which is read again when it changes."""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from distilbert_sentiment_arch.errors import ConfigError, Unauthorized

logger = logging.getLogger("max.serve.sentiment")

KEYS = "MAX_SENTIMENT_API_KEYS"
KEYS_FILE = "MAX_SENTIMENT_API_KEYS_FILE"
DOCUMENTS = "MAX_SENTIMENT_DOCUMENTS"

DOCUMENTS_POLICIES = ("keyed", "open")
"""Values of ``MAX_SENTIMENT_DOCUMENTS``: if keys are set, the OpenAPI document and its pages need
one (``keyed``) or not (``open``)."""

_COMMENT = re.compile(r"(^|\s)#.*")


class ApiKeys:
    """API keys that the server accepts; without any setting, requests need no key.

    ``MAX_SENTIMENT_API_KEYS`` contains keys separated by commas. The file that
    ``MAX_SENTIMENT_API_KEYS_FILE`` names contains one key a line; a comment begins with ``#`` at
    the start of a line or after white space. Only digests stay in memory, and keys are never
    logged.

    Attributes:
        open_documents: The OpenAPI document and its pages need no key.

    Raises:
        ConfigError: The file cannot be read, the settings contain no key, or
            ``MAX_SENTIMENT_DOCUMENTS`` is neither ``keyed`` nor ``open``.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        documents = environment.get(DOCUMENTS, DOCUMENTS_POLICIES[0])
        if documents not in DOCUMENTS_POLICIES:
            raise ConfigError(
                f"{DOCUMENTS} is {documents!r}; possible are {', '.join(DOCUMENTS_POLICIES)}."
            )
        self.open_documents = documents == "open"
        inline = environment.get(KEYS)
        self._inline = _digests((inline or "").split(","))
        named = environment.get(KEYS_FILE)
        if named == "":
            raise ConfigError(f"{KEYS_FILE} is set and empty. Name a file, or unset it.")
        self._file = None if named is None else Path(named)
        self._seen: tuple[int, int, int] | None = None
        self._from_file: tuple[bytes, ...] = ()
        if self._file is not None:
            try:
                self._read(self._file)
            except (OSError, ValueError) as error:
                raise ConfigError(f"{KEYS_FILE}: {self._file} is not readable ({error}).") from None
        if (inline is not None or self._file is not None) and not self._digests:
            raise ConfigError(f"{KEYS} and {KEYS_FILE} hold no key. Add one, or unset both.")

    @property
    def required(self) -> bool:
        """Whether requests need a key."""
        return bool(self._inline) or self._file is not None

    @property
    def _digests(self) -> tuple[bytes, ...]:
        return self._inline + self._from_file

    def check(self, authorization: str | None) -> None:
        """Checks the ``Authorization`` header of a request.

        Raises:
            Unauthorized: There is no key, or an unknown one.
        """
        if not self.required:
            return
        self._refresh()
        scheme, _, key = (authorization or "").partition(" ")
        given = _digest(key)
        # Every digest is compared, in constant time, so that timing reveals nothing about the keys.
        matches = [hmac.compare_digest(given, known) for known in self._digests]
        if scheme.lower() != "bearer" or not any(matches):
            raise Unauthorized()

    def _refresh(self) -> None:
        if self._file is None:
            return
        try:
            if self._stamp(self._file) != self._seen:
                self._read(self._file)
                logger.info("API keys read again from %s: %d", self._file, len(self._from_file))
        except (OSError, ValueError) as error:
            # Kubernetes replaces a Secret in two steps; the old keys are valid until the new file
            # is there.
            logger.warning("API keys kept as they were: %s is not readable (%s)", self._file, error)

    def _read(self, file: Path) -> None:
        stamp = self._stamp(file)
        lines = file.read_text(encoding="utf-8-sig").splitlines()
        self._from_file = _digests(_COMMENT.sub("", line) for line in lines)
        self._seen = stamp

    @staticmethod
    def _stamp(file: Path) -> tuple[int, int, int]:
        status = file.stat()
        return status.st_mtime_ns, status.st_size, status.st_ino


def _digests(keys: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(_digest(key.strip()) for key in keys if key.strip())


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
