"""Fixtures of the tests of datasets: an S3-compatible server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from object_store import ObjectStore, object_store


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """A running S3-compatible server."""
    with object_store(tmp_path_factory.mktemp("s3")) as store:
        yield store


@pytest.fixture
def s3(s3_server: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """An S3-compatible server that ``s3://`` URIs in this test mean."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    return s3_server
