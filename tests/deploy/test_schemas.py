"""Validation of every manifest by the schemas of Kubernetes and of the custom resources."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest
import yaml
from commands import ROOT, run
from manifests import (
    COMBINATIONS,
    JOBS,
    TOOLS,
    Combination,
    Document,
    job_pods,
    needs_tools,
    pods,
    rendered,
    rendered_job,
)

pytestmark = needs_tools

CUSTOM = {
    path.stem: json.loads(path.read_text())
    for path in (ROOT / "tests" / "schemas" / "custom_resources").glob("*.json")
}
VERSIONS = ("1.34", "1.37")


def distinct(documents: Sequence[Document]) -> list[Document]:
    return list({json.dumps(each, sort_keys=True): each for each in documents}.values())


@pytest.fixture(scope="module")
def everything() -> list[Document]:
    """Returns each distinct document of all combinations and jobs."""
    servers = [each for combination in COMBINATIONS for each in rendered(combination)]
    return distinct([*servers, *(each for name in JOBS for each in rendered_job(name))])


def violations(path: Path, documents: Sequence[Document], version: str) -> str:
    path.write_text(yaml.safe_dump_all(documents))
    ended = run(TOOLS / "kubernetes-validate", "--strict", "--quiet", "-k", version, path)
    return ended.stdout + ended.stderr


def is_custom(document: Document) -> bool:
    return document["kind"].lower() in CUSTOM


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_accepts_every_document(
    tmp_path: Path, everything: list[Document], version: str
) -> None:
    documents = [each for each in everything if not is_custom(each)]
    assert len(documents) > 20
    assert violations(tmp_path / "all.yaml", documents, version) == ""


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_accepts_the_pods_of_kserve_and_kuberay(tmp_path: Path, version: str) -> None:
    templates = [
        *(pods(rendered(each)) for each in COMBINATIONS if "kserve" in each.components),
        job_pods(rendered_job("ray-job")),
    ]
    made = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, **pod["metadata"]}}
        | {"spec": pod["spec"]}
        for each in templates
        for name, pod in each.items()
    ]
    assert violations(tmp_path / "pods.yaml", distinct(made), version) == ""


def test_the_newest_version_is_among_them() -> None:
    ended = run(TOOLS / "kubernetes-validate", "--help")
    code = "import kubernetes_validate as k; print(k.latest_version())"
    newest = run(TOOLS / "python", "-c", code).stdout.strip()
    assert newest.startswith(VERSIONS[-1]), ended.stdout


def test_the_schemas_of_custom_resources_accept_every_document(everything: list[Document]) -> None:
    documents = [each for each in everything if is_custom(each)]
    assert {each["kind"].lower() for each in documents} == set(CUSTOM)
    for each in documents:
        jsonschema.Draft202012Validator(CUSTOM[each["kind"].lower()]).validate(each)


@pytest.mark.parametrize("kind", sorted(CUSTOM))
def test_a_misspelt_field_is_found(everything: list[Document], kind: str) -> None:
    document = next(each for each in everything if each["kind"].lower() == kind)
    misspelt = document | {"spec": document["spec"] | {"replicaz": 1}}
    with pytest.raises(jsonschema.ValidationError, match="replicaz"):
        jsonschema.Draft202012Validator(CUSTOM[kind]).validate(misspelt)


def test_a_misspelt_field_of_kubernetes_is_found(tmp_path: Path) -> None:
    (deployment,) = (each for each in rendered(Combination("cpu")) if each["kind"] == "Deployment")
    misspelt = deployment | {"spec": deployment["spec"] | {"replicaz": 1}}
    assert "replicaz" in violations(tmp_path / "bad.yaml", [misspelt], "1.34")
