"""Storages of files: local disks, object stores, HDFS and whatever fsspec knows."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from pyarrow import fs

from distilbert_sentiment_arch.errors import InputError

ARROW_SCHEMES = ("s3", "gs", "gcs", "hdfs", "viewfs", "abfs", "abfss")
"""Schemes of URIs that pyarrow opens itself; fsspec is asked for others."""

_URI = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]+)://(?P<authority>[^/?]*)(?P<rest>.*)", re.S)

# A question mark in a path is a wildcard; a query names its parameters.
_QUERY = re.compile(r"\?(?=[A-Za-z_]+=)")


_S3_WAYS = {
    # A small file is one request and not three.
    "allow_delayed_open": True,
    # A busy store or machine is waited for; the client's own limits are 1 and 3 seconds.
    "connect_timeout": 20,
    "request_timeout": 60,
}


@dataclass(frozen=True)
class Location:
    """A place in a storage.

    Attributes:
        storage: The file system.
        path: The place in it, as the file system spells it.
        prefix: What stands before the path of this storage in a URI.
        base: What the file system puts in place of the prefix.
        query: Parameters of the storage, with the question mark.
    """

    storage: fs.FileSystem
    path: str
    prefix: str = ""
    base: str = ""
    query: str = ""

    @property
    def is_local(self) -> bool:
        """Whether it is a file system of this machine."""
        return isinstance(self.storage, fs.LocalFileSystem)

    def uri(self, path: str) -> str:
        """Returns the URI of another path of the storage; the path itself of a local one."""
        return f"{self.prefix}{path.removeprefix(self.base)}{self.query}"


def open_storage(uri: str) -> tuple[fs.FileSystem, str]:
    """Opens the storage of a path or URI.

    Args:
        uri: A local path, ``file://``, ``s3://``, ``gs://``, ``hdfs://``, or any other scheme that
            fsspec has a file system for. S3 listens to the usual variables, among them
            ``AWS_ENDPOINT_URL``.

    Returns:
        The file system, and the path in it.

    Raises:
        InputError: The storage cannot be opened here.
    """
    location = locate(uri)
    return location.storage, location.path


def locate(uri: str) -> Location:
    """Returns the place that a path or URI names.

    Raises:
        InputError: The storage cannot be opened here.
    """
    match = _URI.fullmatch(uri)
    if match is None:
        return _local(uri)
    scheme, authority = match["scheme"].lower(), match["authority"]
    if scheme == "file":
        return _local(match["rest"] or "/")
    if "*" in authority:
        raise InputError(
            f"{uri}: a wildcard stands in the place of a bucket or host. Name that, and put "
            "wildcards behind it."
        )
    path, query = match["rest"], ""
    if scheme in ARROW_SCHEMES and (start := _QUERY.search(path)):
        path, query = path[: start.start()], path[start.start() :]
    try:
        storage, base = _storage(scheme, authority, query, _environment())
    except ImportError as error:
        raise InputError(
            f"{uri}: the package for '{scheme}://' is missing here ({error}). Install it, or copy "
            "the files to this machine."
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(
            f"{uri}: its storage cannot be opened ({_reason(error)}). Check the scheme, the host "
            "and what it needs on this machine."
        ) from error
    return Location(storage, base + path.rstrip("/"), f"{scheme}://{authority}", base, query)


def _local(path: str) -> Location:
    return Location(_storage("file", "", "", ())[0], os.path.abspath(os.path.expanduser(path)))


def _environment() -> tuple[str | None, ...]:
    """What the storages of S3 depend on, so that a changed variable makes another one."""
    names = (
        "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_REQUEST_CHECKSUM_CALCULATION",
    )
    return tuple(os.environ.get(name) or None for name in names)


@lru_cache(maxsize=32)
def _storage(
    scheme: str, authority: str, query: str, environment: tuple[str | None, ...]
) -> tuple[fs.FileSystem, str]:
    """Returns a file system and what it puts in place of ``scheme://authority``."""
    if scheme == "file":
        return fs.LocalFileSystem(), ""
    if scheme == "s3" and not query:
        return _s3(authority, *environment[:4]), authority
    if scheme in ARROW_SCHEMES:
        known = "gs" if scheme == "gcs" else scheme
        storage, base = fs.FileSystem.from_uri(f"{known}://{authority}/{query}")
        return storage, base.rstrip("/")
    return _fsspec(scheme, authority)


def _s3(
    bucket: str,
    s3_endpoint: str | None,
    endpoint: str | None,
    region: str | None,
    default_region: str | None,
) -> fs.FileSystem:
    region = region or default_region
    url = s3_endpoint or endpoint
    if url is None:
        if region is None:
            region = fs.resolve_s3_region(bucket)
        return fs.S3FileSystem(region=region, **_S3_WAYS)
    parts = urlsplit(url if "://" in url else f"https://{url}")
    return fs.S3FileSystem(
        endpoint_override=parts.netloc + parts.path.rstrip("/"),
        scheme=parts.scheme,
        region=region or "us-east-1",
        **_S3_WAYS,
    )


def _fsspec(scheme: str, authority: str) -> tuple[fs.FileSystem, str]:
    import fsspec
    from fsspec.core import url_to_fs

    if scheme not in fsspec.available_protocols():
        raise ValueError(f"'{scheme}' is no scheme that pyarrow or fsspec knows")
    storage, base = url_to_fs(f"{scheme}://{authority}/")
    return fs.PyFileSystem(fs.FSSpecHandler(storage)), str(base).rstrip("/")


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
