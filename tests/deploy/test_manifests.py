"""Consistency of the manifests of a combination, which schemas do not check."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
import yaml
from commands import ROOT
from manifests import (
    COMBINATIONS,
    KUBERNETES,
    Combination,
    Document,
    check_restricted,
    container,
    every_combination,
    init_containers,
    kustomized,
    named,
    needs_tools,
    of_kind,
    pods,
    rendered,
)

from distilbert_sentiment_arch.settings.defaults import VERSION

pytestmark = needs_tools

# Created by the operator, as docs/deploying.md says.
BROUGHT = {"max-sentiment-weights", "max-sentiment-api-keys", "max-sentiment-compiled"}

UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def number(quantity: str | int) -> float:
    """Returns a Kubernetes quantity as a number of bytes or cores."""
    match = re.fullmatch(r"(\d+)(Ki|Mi|Gi|m)?", str(quantity))
    assert match, quantity
    return int(match[1]) * (1e-3 if match[2] == "m" else UNITS.get(match[2], 1))


def labels_of(pod: Document) -> dict[str, str]:
    labels = pod["metadata"]["labels"]
    assert isinstance(labels, dict)
    return labels


def selects(selector: Mapping[str, str], pod: Document) -> bool:
    return selector.items() <= labels_of(pod).items()


@every_combination
def test_selectors_match_exactly_the_intended_pods(combination: Combination) -> None:
    documents = rendered(combination)
    made = pods(documents)
    for deployment in of_kind(documents, "Deployment"):
        selector = deployment["spec"]["selector"]["matchLabels"]
        matched = [name for name, pod in made.items() if selects(selector, pod)]
        assert matched == [deployment["metadata"]["name"]]
    for service in of_kind(documents, "Service"):
        matched = [name for name, pod in made.items() if selects(service["spec"]["selector"], pod)]
        assert len(matched) == 1, service["metadata"]["name"]
    budgeted = [
        [
            name
            for name, pod in made.items()
            if selects(each["spec"]["selector"]["matchLabels"], pod)
        ]
        for each in of_kind(documents, "PodDisruptionBudget")
    ]
    assert sorted(budgeted) == sorted([name] for name in made)
    for name, pod in made.items():
        for spread in pod["spec"]["topologySpreadConstraints"]:
            selector = spread["labelSelector"]["matchLabels"]
            assert [other for other in made if selects(selector, made[other])] == [name]


@every_combination
def test_ports_of_services_probes_and_monitors_exist_in_the_containers(
    combination: Combination,
) -> None:
    documents = rendered(combination)
    made = pods(documents)
    ports = {
        name: {each["name"]: each["containerPort"] for each in container(pod)["ports"]}
        for name, pod in made.items()
    }
    for service in of_kind(documents, "Service"):
        for port, (name, pod) in product(service["spec"]["ports"], made.items()):
            if selects(service["spec"]["selector"], pod):
                assert port["targetPort"] in ports[name]
    for name, pod in made.items():
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            probe = container(pod).get(kind, {})
            for how in ("httpGet", "tcpSocket"):
                if how in probe:
                    assert probe[how]["port"] in ports[name]
    for monitor in of_kind(documents, "PodMonitor"):
        scraped = {
            labels_of(pod)["app.kubernetes.io/component"]
            for name, pod in made.items()
            if selects(monitor["spec"]["selector"]["matchLabels"], pod)
            and monitor["spec"]["podMetricsEndpoints"][0]["port"] in ports[name]
        }
        assert scraped == {
            labels_of(pod)["app.kubernetes.io/component"] for pod in made.values()
        } - {"gateway"}


@every_combination
def test_services_named_by_the_gateway_and_routes_exist(combination: Combination) -> None:
    documents = rendered(combination)
    services = {
        (each["metadata"]["name"], port["port"])
        for each in of_kind(documents, "Service")
        for port in each["spec"]["ports"]
    }
    for route in of_kind(documents, "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            for backend in rule["backendRefs"]:
                assert (backend["name"], backend["port"]) in services
    gateway = pods(documents).get("max-sentiment-gateway")
    assert (gateway is not None) == ("gateway" in combination.components)
    if gateway is None:
        return
    settings = {each["name"]: each["value"] for each in container(gateway)["env"]}
    for variable in ("MODEL_SERVER", "LEXICON_SERVER"):
        name, _, port = settings[variable].partition(":")
        assert (name, int(port)) in services
    assert int(settings["LISTEN"]) == container(gateway)["ports"][0]["containerPort"]
    # Clients reach the gateway under the name that the model server has without it.
    service = named(documents, "Service", "max-sentiment")
    assert selects(service["spec"]["selector"], gateway)


@every_combination
def test_pods_satisfy_the_restricted_standard_explicitly(combination: Combination) -> None:
    # Explicitly: an admission controller that fills in defaults may be missing.
    documents = rendered(combination)
    namespace = named(documents, "Namespace", "max-sentiment")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for pod in pods(documents).values():
        check_restricted(pod)
        account = named(documents, "ServiceAccount", pod["spec"]["serviceAccountName"])
        assert account["automountServiceAccountToken"] is False


@every_combination
def test_volumes(combination: Combination) -> None:
    documents = rendered(combination)
    configurations = {each["metadata"]["name"] for each in of_kind(documents, "ConfigMap")}
    for pod in pods(documents).values():
        volumes = {each["name"]: each for each in pod["spec"]["volumes"]}
        mounts = {each["name"]: each for each in container(pod)["volumeMounts"]}
        assert mounts.keys() == volumes.keys()
        for name, volume in volumes.items():
            if "emptyDir" in volume:
                assert number(volume["emptyDir"]["sizeLimit"]) > 0
                continue
            assert mounts[name]["readOnly"] is True
            if "configMap" in volume:
                assert volume["configMap"]["name"] in configurations
            elif "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in BROUGHT
                written = {
                    mount["name"]
                    for each in init_containers(pod)
                    for mount in each["volumeMounts"]
                    if not mount.get("readOnly")
                }
                assert volume["persistentVolumeClaim"].get("readOnly", name in written)
            elif "secret" in volume:
                assert volume["secret"]["secretName"] in BROUGHT
            else:
                assert volume.keys() == {"name", "image"}


@pytest.mark.parametrize("name", sorted(BROUGHT))
def test_objects_that_the_operator_creates_are_in_the_guide(name: str) -> None:
    assert name in (ROOT / "docs" / "deploying.md").read_text()


@every_combination
def test_memory_fits(combination: Combination) -> None:
    for pod in pods(rendered(combination)).values():
        resources = container(pod)["resources"]
        assert number(resources["requests"]["memory"]) <= number(resources["limits"]["memory"])
        in_memory = sum(
            number(each["emptyDir"]["sizeLimit"])
            for each in pod["spec"]["volumes"]
            if each.get("emptyDir", {}).get("medium") == "Memory"
        )
        assert in_memory <= number(resources["limits"]["memory"]) / 4
        assert number(resources["requests"]["cpu"]) > 0
        assert "cpu" not in resources["limits"]


@every_combination
def test_the_model_server_asks_for_the_memory_that_was_measured(
    combination: Combination,
) -> None:
    figures = (ROOT / "docs" / "performance.md").read_text()
    (peak,) = re.findall(r"64 texts of 512 tokens \| (\d+) MB", figures)
    resources = container(pods(rendered(combination))["max-sentiment"])["resources"]
    assert number(resources["requests"]["memory"]) > int(peak) * 1e6


@every_combination
def test_images_are_pinned_and_our_image_has_this_version(combination: Combination) -> None:
    for name, pod in pods(rendered(combination)).items():
        image, _, tag = container(pod)["image"].partition(":")
        assert re.match(r"\d+\.\d+\.\d+", tag), name
        if name != "max-sentiment-gateway":
            suffix = "-gpu" if combination.overlay == "gpu" else ""
            assert (image, tag) == ("max-sentiment", VERSION + suffix)


def test_one_images_entry_replaces_our_image_everywhere() -> None:
    entry = {"name": "max-sentiment", "newName": "registry.example/sentiment", "newTag": "7"}
    for components in (("gateway",), ("kserve",)):
        documents = kustomized(Combination("cpu", components), images=[entry])
        images = {name: container(pod)["image"] for name, pod in pods(documents).items()}
        images.pop("max-sentiment-gateway", None)
        assert set(images.values()) == {"registry.example/sentiment:7"}


@every_combination
def test_everything_is_in_one_namespace_and_labelled(combination: Combination) -> None:
    for document in rendered(combination):
        if document["kind"] != "Namespace":
            assert document["metadata"]["namespace"] == "max-sentiment"
        if document["kind"] not in ("ConfigMap", "NetworkPolicy"):
            labels = document["metadata"]["labels"]
            assert labels["app.kubernetes.io/part-of"] == "max-sentiment"


@every_combination
def test_the_lexicon_server_has_the_model_server_s_model_keys_and_image(
    combination: Combination,
) -> None:
    made = pods(rendered(combination))
    lexicon = made.get("max-sentiment-lexicon")
    if lexicon is None:
        return

    def models(pod: Document) -> list[str]:
        return [each for each in container(pod)["args"] if each.startswith("--model")]

    def of(pod: Document, name: str) -> list[Any]:
        spec = pod["spec"]
        return [each for each in spec["volumes"] if each["name"] == name]

    server = made["max-sentiment"]
    assert models(lexicon) == models(server)
    for volume in ("weights", "api-keys"):
        assert of(lexicon, volume) == of(server, volume)
    assert container(lexicon)["image"] == container(server)["image"]


@every_combination
def test_what_compiles_ahead_does_so_for_the_server(combination: Combination) -> None:
    pod = pods(rendered(combination))["max-sentiment"]
    warms = {each["name"]: each for each in init_containers(pod)}
    wanted = any(each.startswith("warm") for each in combination.components)
    assert warms.keys() == ({"warm"} if wanted else set())
    if not wanted:
        return
    server, warm = container(pod), warms["warm"]
    assert warm["image"] == server["image"]
    assert warm["resources"] == server["resources"]
    of_model = [each for each in server["args"] if each.startswith("--model")]
    assert warm["args"] == ["warm", *of_model]
    environment = {each["name"]: each["value"] for each in server["env"]}
    for each in warm["env"]:
        assert environment[each["name"]] == each["value"]
    mounts, of_server = (
        {each["name"]: each for each in every["volumeMounts"]} for every in (warm, server)
    )
    assert mounts["compiled"]["mountPath"] == environment["MODULAR_CACHE_DIR"]
    # A server that is broken into must not write what other pods run.
    assert of_server["compiled"] == {**mounts["compiled"], "readOnly": True}
    for name in mounts.keys() - {"compiled"}:
        assert mounts[name] == of_server[name]


def test_the_gpu_overlay_requests_one_gpu_and_passes_it_to_max() -> None:
    documents = rendered(Combination("gpu"))
    pod = pods(documents)["max-sentiment"]
    assert container(pod)["resources"]["limits"]["nvidia.com/gpu"] == 1
    assert "--devices=gpu:0" in container(pod)["args"]
    assert pod["spec"]["nodeSelector"]["nvidia.com/gpu.present"] == "true"
    tolerated = [each for each in pod["spec"]["tolerations"] if each["key"] == "nvidia.com/gpu"]
    assert tolerated == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]


@pytest.mark.parametrize("overlay", ["cpu", "gpu"])
@pytest.mark.parametrize("components", [(), ("weights", "api-keys")])
def test_kserve_runs_the_pod_of_the_deployment(overlay: str, components: tuple[str, ...]) -> None:
    ours = pods(rendered(Combination(overlay, components)))["max-sentiment"]
    documents = kustomized(Combination(overlay, (*components, "kserve")))
    theirs = pods(documents)["max-sentiment"]
    assert labels_of(theirs) == labels_of(ours)
    expected = container(ours) | {"name": "kserve-container"}
    expected["args"] = [*expected["args"], "--served-model-name={{.Name}}"]
    assert container(theirs) == expected
    assert theirs["spec"] | {"containers": []} == ours["spec"] | {"containers": []}
    assert not of_kind(documents, "Deployment", "Service", "HorizontalPodAutoscaler")


def test_every_overlay_and_component_is_in_some_combination() -> None:
    there = {path.parent.name for path in KUBERNETES.glob("components/*/kustomization.yaml")}
    assert there == {name for each in COMBINATIONS for name in each.components}
    overlays = {path.parent.name for path in KUBERNETES.glob("overlays/*/kustomization.yaml")}
    assert overlays == {each.overlay for each in COMBINATIONS}


def test_the_gateway_s_config_map_has_the_files_that_its_script_reads() -> None:
    documents = rendered(Combination("cpu", ("gateway",)))
    (configuration,) = of_kind(documents, "ConfigMap")
    for name, text in configuration["data"].items():
        assert text == (ROOT / "deploy" / "gateway" / name).read_text()
    gateway = pods(documents)["max-sentiment-gateway"]
    (directory,) = {
        each["mountPath"]
        for each in container(gateway)["volumeMounts"]
        if each["name"] == "configuration"
    }
    assert container(gateway)["command"] == ["bash", f"{directory}/run"]


def test_every_document_is_part_of_a_combination() -> None:
    written = {
        (document["kind"], document["metadata"]["name"])
        for path in KUBERNETES.rglob("*.yaml")
        if path.name not in ("kustomization.yaml", "replacements.yaml")
        and "scoring" not in path.parts  # test_scoring_jobs.py
        for document in yaml.safe_load_all(path.read_text())
    }
    seen = {
        (document["kind"], document["metadata"]["name"])
        for combination in COMBINATIONS
        for document in rendered(combination)
    }
    assert written <= seen
