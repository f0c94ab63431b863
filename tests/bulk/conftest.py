"""Fixtures of the tests of datasets: an S3-compatible server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from object_store import ObjectStore, object_store


@pytest.fixture
def s3(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ObjectStore]:
    """An S3-compatible server, without a bucket, that ``s3://`` URIs in this test mean."""
    with object_store(tmp_path_factory.mktemp("s3")) as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        yield store
