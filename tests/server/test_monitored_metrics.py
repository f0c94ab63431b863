"""Alerts, dashboard and KEDA ask for metrics and labels that the real servers have."""

from __future__ import annotations

import re

import pytest
import yaml
from metrics_page import Samples, ours, settled
from monitoring import COMPONENTS, dashboard, filled_in, queries, selectors
from server_process import Server

from distilbert_sentiment_arch.serving.endpoints import ENDPOINTS

pytestmark = pytest.mark.slow

MONITOR = yaml.safe_load((COMPONENTS / "podmonitor" / "pod-monitor.yaml").read_text())["spec"]

# What the Prometheus operator gives every target of a PodMonitor.
TARGET_LABELS = {"namespace", "pod", "container", "job", "instance", "endpoint"} | {
    re.sub(r"\W", "_", label) for label in MONITOR["podTargetLabels"]
}

# Metrics of others, with the labels that are asked for: Prometheus', cAdvisor's and
# kube-state-metrics'.
POD_LABELS = {"namespace", "pod", "container"}
OTHERS = {
    "up": TARGET_LABELS,
    "container_memory_working_set_bytes": POD_LABELS,
    "container_cpu_usage_seconds_total": POD_LABELS,
    "kube_deployment_spec_replicas": {"namespace", "deployment"},
    "kube_deployment_status_replicas_available": {"namespace", "deployment"},
    "kube_horizontalpodautoscaler_spec_max_replicas": {"namespace", "horizontalpodautoscaler"},
    "kube_horizontalpodautoscaler_status_current_replicas": {
        *("namespace", "horizontalpodautoscaler"),
    },
    "kube_pod_container_resource_limits": {*POD_LABELS, "resource"},
    "kube_pod_container_status_restarts_total": POD_LABELS,
}


def labels_of(samples: Samples) -> dict[str, dict[str, set[str]]]:
    """Returns the values of each label of each metric of ours."""
    found: dict[str, dict[str, set[str]]] = {}
    for name, labels in ours(samples):
        values = found.setdefault(name, {})
        for label, value in labels:
            values.setdefault(label, set()).add(value)
    return found


@pytest.fixture(scope="module")
def of_the_model(server: Server) -> dict[str, dict[str, set[str]]]:
    body = {"input": ["good", "terrible " * 600], "truncation": "window"}
    assert server.client.post("/classify", json=body).status_code == 200
    assert server.client.post("/v1/lexicon/classify", json={"input": "good"}).status_code == 200
    return labels_of(settled(server))


@pytest.fixture(scope="module")
def of_the_lexicon(lexicon_server: Server) -> dict[str, dict[str, set[str]]]:
    answer = lexicon_server.client.post("/classify", json={"input": "good"})
    assert answer.status_code == 200
    return labels_of(settled(lexicon_server))


@pytest.mark.parametrize("name", queries())
def test_what_is_asked_for_is_there(
    name: str,
    of_the_model: dict[str, dict[str, set[str]]],
    of_the_lexicon: dict[str, dict[str, set[str]]],
) -> None:
    found = selectors(queries()[name])
    assert found.labels
    known = set()
    for metric, labels in found.labels.items():
        # A server shows a counter's labels once it has counted; fallbacks are the lexicon server's.
        there = {**of_the_lexicon.get(metric, {}), **of_the_model.get(metric, {})}
        assert metric in {*OTHERS, *of_the_model, *of_the_lexicon}
        of_this = OTHERS.get(metric, {*there, *TARGET_LABELS})
        assert labels <= of_this
        known |= of_this
    assert found.grouping <= known


def test_what_is_listed_of_others_is_asked_for() -> None:
    asked = {metric for query in queries().values() for metric in selectors(query).labels}
    assert asked >= OTHERS.keys()


def test_values_that_are_compared_are_those_of_the_servers(
    of_the_model: dict[str, dict[str, set[str]]], of_the_lexicon: dict[str, dict[str, set[str]]]
) -> None:
    asked = {
        (label, value)
        for query in queries().values()
        for label, value in re.findall(r'(stage|route)="(\w+)"', query)
    }
    assert asked == {
        *(("stage", each) for each in ("tokenize", "queue", "compute", "score")),
        *(("route", each) for each in ("model", "lexicon")),
    }
    assert of_the_model["sentiment_stage_seconds_bucket"]["stage"] == {
        value for label, value in asked if label == "stage"
    }
    assert of_the_model["sentiment_requests_total"]["route"] >= {"model", "lexicon"}
    assert of_the_lexicon["sentiment_fallbacks_total"]["reason"] == {"unavailable"}


def test_both_servers_have_the_same_metrics(
    of_the_model: dict[str, dict[str, set[str]]], of_the_lexicon: dict[str, dict[str, set[str]]]
) -> None:
    for metric, labels in of_the_lexicon.items():
        assert set(of_the_model.get(metric, labels)) == set(labels)
    for gauge in ("sentiment_pending_tokens", "sentiment_model_failing"):
        assert of_the_model[gauge] == of_the_lexicon[gauge] == {}


def test_ratios_leave_out_probes_and_nothing_else() -> None:
    patterns = {
        pattern for query in queries().values() for pattern in re.findall(r'path!~"([^"]*)"', query)
    }
    (pattern,) = patterns
    for endpoint in ENDPOINTS:
        assert bool(re.fullmatch(pattern, endpoint.path)) == endpoint.probe, endpoint.path


def test_the_dashboard_s_variables_are_of_metrics_that_are_there(
    of_the_model: dict[str, dict[str, set[str]]],
) -> None:
    for variable in dashboard()["templating"]["list"]:
        if variable["type"] == "query":
            query = filled_in(variable["query"]["query"])
            match = re.fullmatch(r"label_values\((\w+)(\{[^}]*\})?, (\w+)\)", query)
            assert match
            assert match[1] in of_the_model
            assert match[3] in TARGET_LABELS
