"""Findings of checkov in the manifests: only those that annotations name, with a reason."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from commands import run
from manifests import JOBS, TOOLS, Combination, Document, needs_tools, rendered, rendered_job

pytestmark = [pytest.mark.slow, needs_tools]

COMBINATIONS = (
    Combination("cpu"),
    Combination("cpu", ("gateway", "keda", "podmonitor", "httproute", "weights", "api-keys")),
    Combination("gpu", ("gateway", "weights-image")),
    Combination("cpu", ("weights", "warm-weights")),
)


def skips(document: Document) -> dict[str, str]:
    """Returns the checks that a document's annotations skip, with the reasons."""
    found = {}
    for name, value in document["metadata"].get("annotations", {}).items():
        if name.startswith("checkov.io/skip"):
            check, _, reason = value.partition("=")
            found[check] = reason
    return found


def without_annotations(document: Document) -> Document:
    metadata = {
        name: value for name, value in document["metadata"].items() if name != "annotations"
    }
    return document | {"metadata": metadata}


def test_failed_checks_are_those_that_annotations_skip(tmp_path: Path) -> None:
    documents = [
        *(each for combination in COMBINATIONS for each in rendered(combination)),
        *(each for name in JOBS for each in rendered_job(name)),
    ]
    listed = set()
    for document in documents:
        metadata = document["metadata"]
        resource = f"{document['kind']}.{metadata.get('namespace', 'default')}.{metadata['name']}"
        for check, reason in skips(document).items():
            assert re.fullmatch(r"CKV2?_K8S_\d+", check)
            assert len(reason.split()) > 4, f"{check} of {resource} wants a reason"
            listed.add((resource, check))
    path = tmp_path / "manifests.yaml"
    path.write_text(yaml.safe_dump_all(without_annotations(each) for each in documents))
    ended = run(
        *(TOOLS / "checkov", "--file", path, "--framework", "kubernetes", "--output", "json"),
        *("--skip-download", "--quiet"),
    )
    results = json.loads(ended.stdout)
    assert results["summary"]["passed"] > 200
    failed = {(each["resource"], each["check_id"]) for each in results["results"]["failed_checks"]}
    assert failed == listed
