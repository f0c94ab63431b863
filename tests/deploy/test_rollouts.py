"""Rollouts, scaling and termination of pods: durations and bounds that must be consistent."""

from __future__ import annotations

from deployment import gateway_settings
from manifests import (
    Combination,
    Document,
    container,
    every_combination,
    named,
    needs_tools,
    of_kind,
    pods,
    rendered,
)

pytestmark = needs_tools

DRAIN = "MAX_SERVE_GRACEFUL_SHUTDOWN_TIMEOUT_S"


def seconds_of_drain(pod: Document) -> int:
    """Returns the maximum time that a pod's process takes from SIGTERM to its end."""
    name = container(pod)["name"]
    if name == "gateway":
        given = {each["name"]: each["value"] for each in container(pod)["env"]}
        timeout = (gateway_settings() | given)["ANSWER_TIMEOUT_S"]
        assert timeout
        return int(timeout)
    if name == "lexicon":
        from distilbert_sentiment_arch.serving.standalone.server import DRAIN_S

        return DRAIN_S
    (timeout,) = (each["value"] for each in container(pod)["env"] if each["name"] == DRAIN)
    return int(timeout)


@every_combination
def test_grace_covers_pre_stop_and_drain(combination: Combination) -> None:
    for pod in pods(rendered(combination)).values():
        pre_stop = container(pod)["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pre_stop >= 5  # changes of endpoints take seconds to reach every node
        assert pod["spec"]["terminationGracePeriodSeconds"] > pre_stop + seconds_of_drain(pod)


@every_combination
def test_the_startup_probe_allows_for_a_cold_compile(combination: Combination) -> None:
    documents = rendered(combination)
    probe = container(pods(documents)["max-sentiment"])["startupProbe"]
    allowed = probe["periodSeconds"] * probe["failureThreshold"]
    assert allowed >= 600
    for deployment in of_kind(documents, "Deployment"):
        if deployment["metadata"]["name"] == "max-sentiment":
            assert deployment["spec"]["progressDeadlineSeconds"] > allowed


@every_combination
def test_the_readiness_probe_waits_longer_than_the_server_s_own_timeout(
    combination: Combination,
) -> None:
    from distilbert_sentiment_arch.classify.readiness import TIMEOUT_S

    for probe in ("startupProbe", "readinessProbe"):
        found = container(pods(rendered(combination))["max-sentiment"])[probe]
        assert found["httpGet"]["path"] == "/ready"
        assert found["timeoutSeconds"] > TIMEOUT_S


@every_combination
def test_nothing_is_down_during_a_rollout_and_drains_are_not_blocked(
    combination: Combination,
) -> None:
    documents = rendered(combination)
    strategies = [
        *(each["spec"]["strategy"] for each in of_kind(documents, "Deployment")),
        *(
            each["spec"]["predictor"]["deploymentStrategy"]
            for each in of_kind(documents, "InferenceService")
        ),
    ]
    for strategy in strategies:
        assert strategy["type"] == "RollingUpdate"
        assert strategy["rollingUpdate"]["maxUnavailable"] == 0
        assert strategy["rollingUpdate"]["maxSurge"] >= 1
    for budget in of_kind(documents, "PodDisruptionBudget"):
        # With maxUnavailable, unlike minAvailable, a single replica can still be evicted.
        assert budget["spec"]["maxUnavailable"] >= 1
        assert "minAvailable" not in budget["spec"]


@every_combination
def test_exactly_one_autoscaler_scales_the_model_server(combination: Combination) -> None:
    documents = rendered(combination)
    bounds = [
        *(
            (each["spec"]["minReplicas"], each["spec"]["maxReplicas"])
            for each in of_kind(documents, "HorizontalPodAutoscaler")
        ),
        *(
            (each["spec"]["minReplicaCount"], each["spec"]["maxReplicaCount"])
            for each in of_kind(documents, "ScaledObject")
        ),
        *(
            (each["spec"]["predictor"]["minReplicas"], each["spec"]["predictor"]["maxReplicas"])
            for each in of_kind(documents, "InferenceService")
        ),
    ]
    ((least, most),) = bounds
    assert 2 <= least <= most
    for each in of_kind(documents, "HorizontalPodAutoscaler", "ScaledObject"):
        target = each["spec"]["scaleTargetRef"]
        scaled = named(documents, target["kind"], target["name"])
        assert (
            "replicas" not in scaled["spec"]
        )  # `kubectl apply` would reset the number of replicas each time
    for each in of_kind(documents, "ScaledObject"):
        assert least <= each["spec"]["fallback"]["replicas"] <= most


def test_keda_scales_before_the_server_refuses() -> None:
    from distilbert_sentiment_arch.settings.limits import Limits

    (scaled,) = of_kind(rendered(Combination("cpu", ("keda",))), "ScaledObject")
    (trigger,) = scaled["spec"]["triggers"]
    assert int(trigger["metadata"]["threshold"]) <= Limits().max_pending_tokens / 2
