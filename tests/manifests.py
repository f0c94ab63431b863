"""The manifests of deploy/kubernetes, rendered: servers in every combination, and jobs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import ROOT, run

KUBERNETES = ROOT / "deploy" / "kubernetes"
TOOLS = Path(os.environ.get("DEPLOY_TOOLS", ROOT / ".tools" / "deploy" / "bin"))

needs_tools = pytest.mark.skipif(
    not os.access(TOOLS / "kubectl", os.X_OK), reason="kubectl is not here; see scripts/test"
)

Document = dict[str, Any]


@dataclass(frozen=True)
class Combination:
    """An overlay and the components on top of it, in order."""

    overlay: str
    components: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "+".join((self.overlay, *self.components))


def _subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return chain.from_iterable(combinations(names, count) for count in range(len(names) + 1))


_WEIGHTS = ((), ("weights",), ("weights-image",))
_KEYS = ((), ("api-keys",))

COMBINATIONS = sorted(
    {
        Combination("offline-weights"),
        *(
            Combination("cpu", each)
            for each in _subsets(("gateway", "keda", "podmonitor", "httproute"))
        ),
        *(
            Combination(overlay, (*gateway, *weights, *keys))
            for overlay in ("cpu", "gpu")
            for gateway in ((), ("gateway",))
            for weights in _WEIGHTS
            for keys in _KEYS
        ),
        Combination(
            "gpu", ("gateway", "keda", "podmonitor", "httproute", "weights-image", "api-keys")
        ),
        *(
            Combination(overlay, (*weights, *keys, *monitor, "kserve"))
            for overlay in ("cpu", "gpu")
            for weights in _WEIGHTS
            for keys, monitor in zip(_KEYS, ((), ("podmonitor",)), strict=True)
        ),
        *(Combination("cpu", (*gateway, "warm")) for gateway in ((), ("gateway",))),
        Combination("cpu", ("gateway", "weights", "api-keys", "warm-weights")),
        Combination("cpu", ("weights-image", "warm-weights")),
    },
    key=str,
)
"""What is sensible: `kserve` brings its own Service, scaling and routing; weights and keys are put
into the servers that are there."""

every_combination = pytest.mark.parametrize("combination", COMBINATIONS, ids=str)

JOBS = sorted(path.parent.name for path in KUBERNETES.glob("scoring/*-job/kustomization.yaml"))
"""The ways to run a job of `max-sentiment score`."""


def kustomize(directory: Path) -> list[Document]:
    """Renders a kustomization."""
    ended = run(TOOLS / "kubectl", "kustomize", directory)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return list(yaml.safe_load_all(ended.stdout))


@cache
def rendered(combination: Combination) -> tuple[Document, ...]:
    """Returns the documents of a combination."""
    return tuple(kustomized(combination))


@cache
def rendered_job(name: str) -> tuple[Document, ...]:
    """Returns the documents of a job."""
    return tuple(kustomize(KUBERNETES / "scoring" / name))


def kustomized(combination: Combination, **more: Any) -> list[Document]:
    """Renders a kustomization as an operator would write it, with further fields."""
    directory = Path(tempfile.mkdtemp())
    relative = os.path.relpath(KUBERNETES, directory)
    content = {
        "resources": [f"{relative}/overlays/{combination.overlay}"],
        "components": [f"{relative}/components/{each}" for each in combination.components],
        **more,
    }
    try:
        (directory / "kustomization.yaml").write_text(yaml.safe_dump(content))
        return kustomize(directory)
    finally:
        shutil.rmtree(directory)


def of_kind(documents: Sequence[Document], *kinds: str) -> list[Document]:
    """Returns the documents of the given kinds."""
    return [each for each in documents if each["kind"] in kinds]


def named(documents: Sequence[Document], kind: str, name: str) -> Document:
    """Returns the only document with a kind and a name."""
    (found,) = (each for each in of_kind(documents, kind) if each["metadata"]["name"] == name)
    return found


def pods(documents: Sequence[Document]) -> dict[str, Document]:
    """Returns the pod templates by the name of their workload, that of KServe included."""
    found = {
        each["metadata"]["name"]: each["spec"]["template"]
        for each in of_kind(documents, "Deployment")
    }
    for service in of_kind(documents, "InferenceService"):
        runtime = named(
            documents, "ServingRuntime", service["spec"]["predictor"]["model"]["runtime"]
        )
        found[service["metadata"]["name"]] = predictor_pod(service, runtime)
    return found


def job_pods(documents: Sequence[Document]) -> dict[str, Document]:
    """Returns the pod templates of a Job, or of a RayJob's cluster, by name of their container."""
    templates = [each["spec"]["template"] for each in of_kind(documents, "Job")]
    for ray_job in of_kind(documents, "RayJob"):
        cluster = ray_job["spec"]["rayClusterSpec"]
        groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
        templates += [each["template"] for each in groups]
    return {container(each)["name"]: each for each in templates}


def predictor_pod(service: Document, runtime: Document) -> Document:
    """Returns the pod that KServe makes: the runtime's pod with the predictor's fields."""
    of_kserve = {
        *("model", "minReplicas", "maxReplicas", "scaleMetric", "scaleTarget", "labels"),
        "deploymentStrategy",
    }
    of_runtime = {"supportedModelFormats", "multiModel", "protocolVersions"}
    predictor = service["spec"]["predictor"]
    return {
        "metadata": {"labels": predictor["labels"]},
        "spec": {
            **{name: value for name, value in runtime["spec"].items() if name not in of_runtime},
            **{name: value for name, value in predictor.items() if name not in of_kserve},
        },
    }


def container(pod: Document) -> Document:
    """Returns the only container of a pod."""
    (only,) = pod["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def init_containers(pod: Document) -> list[Document]:
    """Returns the containers of a pod that end before its only one starts."""
    found: list[Document] = pod["spec"].get("initContainers", [])
    return found


def check_restricted(pod: Document) -> None:
    """Checks that a pod keeps Kubernetes' restricted standard, and is given nothing of its API."""
    spec = pod["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for each in (container(pod), *init_containers(pod)):
        assert each["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
    assert not {"hostNetwork", "hostPID", "hostIPC", "ephemeralContainers"} & spec.keys()
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
