"""The jobs of `max-sentiment score` in a cluster, beyond what schemas check."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from commands import ROOT
from manifests import (
    JOBS,
    Document,
    check_restricted,
    container,
    job_pods,
    named,
    needs_tools,
    of_kind,
    rendered_job,
)

from distilbert_sentiment_arch.settings.defaults import VERSION

pytestmark = needs_tools

every_job = pytest.mark.parametrize("name", JOBS)

SCRIPT = ROOT / "deploy" / "kubernetes" / "scoring" / "base" / "score"


def number(quantity: str | int) -> int:
    """Returns a Kubernetes quantity of memory as bytes."""
    match = re.fullmatch(r"(\d+)(Mi|Gi)?", str(quantity))
    assert match, quantity
    return int(match[1]) << {None: 0, "Mi": 20, "Gi": 30}[match[2]]


def cluster() -> Document:
    (ray_job,) = of_kind(rendered_job("ray-job"), "RayJob")
    found: dict[str, Any] = ray_job["spec"]["rayClusterSpec"]
    return found


def the_job() -> Document:
    (job,) = of_kind(rendered_job("indexed-job"), "Job")
    return job


def test_there_is_a_job_for_ray_and_one_without() -> None:
    assert JOBS == ["indexed-job", "ray-job"]


@every_job
def test_pods_satisfy_the_restricted_standard_explicitly(name: str) -> None:
    documents = rendered_job(name)
    (namespace,) = of_kind(documents, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    account = named(documents, "ServiceAccount", "max-sentiment-score")
    assert account["automountServiceAccountToken"] is False
    for pod in job_pods(documents).values():
        check_restricted(pod)
        assert pod["spec"]["serviceAccountName"] == "max-sentiment-score"


@every_job
def test_volumes_are_bounded_and_memory_fits(name: str) -> None:
    for pod in job_pods(rendered_job(name)).values():
        volumes = {each["name"]: each for each in pod["spec"]["volumes"]}
        mounts = {each["name"]: each for each in container(pod)["volumeMounts"]}
        assert mounts.keys() == volumes.keys()
        resources = container(pod)["resources"]
        limit = number(resources["limits"]["memory"])
        assert number(resources["requests"]["memory"]) <= limit
        assert "cpu" not in resources["limits"]
        for volume_name, volume in volumes.items():
            if "configMap" in volume:
                assert mounts[volume_name]["readOnly"] is True
                continue
            size = number(volume["emptyDir"]["sizeLimit"])
            if volume["emptyDir"].get("medium") == "Memory":
                assert size <= limit / 8


@every_job
def test_the_image_has_this_version_and_the_job_s_extra(name: str) -> None:
    extra = {"indexed-job": "score", "ray-job": "ray"}[name]
    for pod in job_pods(rendered_job(name)).values():
        assert container(pod)["image"] == f"max-sentiment:{VERSION}-{extra}"


@every_job
def test_every_pod_reads_the_script_of_the_job(name: str) -> None:
    documents = rendered_job(name)
    config_map = named(documents, "ConfigMap", "max-sentiment-score")
    assert config_map["data"] == {"score": SCRIPT.read_text()}
    for pod in job_pods(documents).values():
        (volume,) = (each for each in pod["spec"]["volumes"] if "configMap" in each)
        assert volume["configMap"]["name"] == "max-sentiment-score"
        (mount,) = (
            each for each in container(pod)["volumeMounts"] if each["name"] == volume["name"]
        )
        words = (
            [*container(pod)["command"]]
            if name == "indexed-job"
            else shlex.split(of_kind(documents, "RayJob")[0]["spec"]["entrypoint"])
        )
        assert words[:2] == ["bash", f"{mount['mountPath']}/score"]


def test_each_pod_of_the_indexed_job_takes_its_share() -> None:
    spec = the_job()["spec"]
    assert spec["completionMode"] == "Indexed"
    only = container(spec["template"])
    assert f"--shard=$(JOB_COMPLETION_INDEX)/{spec['completions']}" in only["args"]
    (index,) = (each for each in only["env"] if each["name"] == "JOB_COMPLETION_INDEX")
    path = index["valueFrom"]["fieldRef"]["fieldPath"]
    assert path == "metadata.annotations['batch.kubernetes.io/job-completion-index']"


def test_a_share_that_ends_badly_is_tried_again_and_never_by_two_pods_at_a_time() -> None:
    spec = the_job()["spec"]
    assert spec["podReplacementPolicy"] == "Failed"
    assert spec["backoffLimitPerIndex"] > 0
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    ignored, fatal = spec["podFailurePolicy"]["rules"]
    assert ignored["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert fatal["onExitCodes"]["values"] == [2]
    assert fatal["onExitCodes"]["containerName"] == container(spec["template"])["name"]


def test_ray_s_pods_are_reached_by_each_other_and_by_the_operator_only() -> None:
    documents = rendered_job("ray-job")
    policy = named(documents, "NetworkPolicy", "ray")["spec"]
    selector = policy["podSelector"]["matchLabels"]
    for pod in job_pods(documents).values():
        assert selector.items() <= pod["metadata"]["labels"].items()
    (each_other, operator) = policy["ingress"]
    assert each_other["from"] == [{"podSelector": {"matchLabels": selector}}]
    (port,) = operator["ports"]
    ports = {
        each["name"]: each["containerPort"]
        for each in container(job_pods(documents)["ray-head"])["ports"]
    }
    assert port["port"] == ports["dashboard"]
    assert named(documents, "NetworkPolicy", "default-deny")["spec"]["podSelector"] == {}


def test_ray_is_the_version_of_the_image() -> None:
    lock = (ROOT / "deploy" / "image" / "ray.lock").read_text()
    assert f"ray=={cluster()['rayVersion']} " in lock


def test_workers_have_as_many_cores_for_ray_as_they_request_and_the_head_has_none() -> None:
    assert cluster()["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    (workers,) = cluster()["workerGroupSpecs"]
    requested = container(workers["template"])["resources"]["requests"]["cpu"]
    assert workers["rayStartParams"]["num-cpus"] == requested
    assert workers["minReplicas"] == workers["replicas"] == workers["maxReplicas"]


def test_probes_ask_ports_that_ray_opens() -> None:
    opened = {
        "gcs": "6379",  # `ray start --head`'s default
        "dashboard": "8265",
        "client": "10001",
        "raylet": cluster()["workerGroupSpecs"][0]["rayStartParams"]["node-manager-port"],
    }
    for pod in job_pods(rendered_job("ray-job")).values():
        ports = {each["name"]: each["containerPort"] for each in container(pod)["ports"]}
        assert {name: str(port) for name, port in ports.items()}.items() <= opened.items()
        for probe in ("readinessProbe", "livenessProbe"):
            assert container(pod)[probe]["tcpSocket"]["port"] in ports


def test_the_object_store_fits_its_volume() -> None:
    groups = [cluster()["headGroupSpec"], *cluster()["workerGroupSpecs"]]
    for group in groups:
        (memory,) = (
            each["emptyDir"]["sizeLimit"]
            for each in group["template"]["spec"]["volumes"]
            if each["name"] == "shared-mem"
        )
        assert int(group["rayStartParams"]["object-store-memory"]) < number(memory)
