"""Connections that the network policies of a combination allow, by Kubernetes' definition.

https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
import yaml
from commands import ROOT
from manifests import (
    COMBINATIONS,
    Combination,
    Document,
    kustomized,
    needs_tools,
    of_kind,
    pods,
    rendered,
)

pytestmark = needs_tools

HERE = "max-sentiment"
API, METRICS, GATEWAY = 8000, 8001, 8080
NETWORK = "NetworkPolicy"


@dataclass(frozen=True)
class Peer:
    """A pod; without namespace and labels, an address outside the cluster.

    Attributes:
        labelled: Labels that an operator put on its namespace.
    """

    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    address: str = "203.0.113.7"
    labelled: Mapping[str, str] = field(default_factory=dict)


OF_CLIENTS = {"max-sentiment/client": "true"}

CLIENT = Peer("shop", {"app": "checkout"}, labelled=OF_CLIENTS)
INGRESS = Peer("gateways", {"app": "envoy"}, labelled=OF_CLIENTS)
PROMETHEUS = Peer("monitoring", {"app.kubernetes.io/name": "prometheus"})
STRANGERS = {
    "of another namespace": Peer("shop", {"app": "checkout"}),
    "with the label on the pod": Peer("shop", OF_CLIENTS),
    "labelled otherwise": Peer("shop", labelled={"max-sentiment/client": "false"}),
    "named like Prometheus": Peer("shop", PROMETHEUS.labels),
    "named like the gateway": Peer(
        "shop",
        {"app.kubernetes.io/name": "max-sentiment", "app.kubernetes.io/component": "gateway"},
    ),
    "of the same namespace": Peer(HERE, {"app": "debugging"}),
    "outside": Peer(),
}
DNS = Peer("kube-system", {"k8s-app": "kube-dns"})
NODE_LOCAL_DNS = Peer(address="169.254.20.10")
INTERNET = Peer()


def matches(selector: Document, labels: Mapping[str, str]) -> bool:
    """Whether a label selector matches labels; an empty one matches all."""
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In"
        if labels.get(expression["key"]) not in expression["values"]:
            return False
    return True


def allows(rule: Document, direction: str, peer: Peer, port: int, protocol: str) -> bool:
    ports = rule.get("ports")
    if ports and not any(
        each["port"] == port and each.get("protocol", "TCP") == protocol for each in ports
    ):
        return False
    peers = rule.get({"Ingress": "from", "Egress": "to"}[direction])
    return not peers or any(is_one_of(each, peer) for each in peers)


def is_one_of(described: Document, peer: Peer) -> bool:
    if "ipBlock" in described:
        return peer.namespace is None and described["ipBlock"]["cidr"] == f"{peer.address}/32"
    if peer.namespace is None:
        return False
    if "namespaceSelector" in described:
        labels = {"kubernetes.io/metadata.name": peer.namespace, **peer.labelled}
        if not matches(described["namespaceSelector"], labels):
            return False
    elif peer.namespace != HERE:
        return False
    return matches(described.get("podSelector", {}), peer.labels)


def one_way(
    policies: Sequence[Document], direction: str, of: Peer, peer: Peer, port: int, protocol: str
) -> bool:
    """Whether the policies that select a pod allow a connection."""
    if of.namespace != HERE:
        return True  # the policies of other namespaces are unknown
    of_the_pod = [
        each["spec"]
        for each in policies
        if direction in each["spec"]["policyTypes"]
        and matches(each["spec"]["podSelector"], of.labels)
    ]
    assert of_the_pod, "default-deny selects every pod"
    return any(
        allows(rule, direction, peer, port, protocol)
        for policy in of_the_pod
        for rule in policy.get(direction.lower(), [])
    )


@dataclass
class Network:
    """The policies and the pods of a combination."""

    policies: list[Document]
    pods: dict[str, Peer]

    def reaches(self, source: Peer, target: Peer, port: int, protocol: str = "TCP") -> bool:
        return one_way(self.policies, "Egress", source, target, port, protocol) and one_way(
            self.policies, "Ingress", target, source, port, protocol
        )


@pytest.fixture(params=COMBINATIONS, ids=str)
def combination(request: pytest.FixtureRequest) -> Combination:
    assert isinstance(request.param, Combination)
    return request.param


@pytest.fixture
def network(combination: Combination) -> Network:
    documents = rendered(combination)
    return Network(
        of_kind(documents, NETWORK),
        {name: Peer(HERE, pod["metadata"]["labels"]) for name, pod in pods(documents).items()},
    )


@pytest.mark.parametrize("client", [CLIENT, INGRESS], ids=["client", "ingress"])
def test_clients_reach_the_pods_of_the_service(
    combination: Combination, network: Network, client: Peer
) -> None:
    server = network.pods["max-sentiment"]
    if "gateway" in combination.components:
        gateway = network.pods["max-sentiment-gateway"]
        assert network.reaches(client, gateway, GATEWAY)
        assert not network.reaches(client, server, API)
        assert not network.reaches(client, network.pods["max-sentiment-lexicon"], API)
    else:
        assert network.reaches(client, server, API)


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS.keys())
def test_other_pods_reach_nothing(network: Network, stranger: Peer) -> None:
    for pod in network.pods.values():
        for port in (API, METRICS, GATEWAY):
            assert not network.reaches(stranger, pod, port)


def test_the_gateway_reaches_both_servers_and_nothing_else(network: Network) -> None:
    gateway = network.pods.get("max-sentiment-gateway")
    if gateway is None:
        return
    for name in ("max-sentiment", "max-sentiment-lexicon"):
        assert network.reaches(gateway, network.pods[name], API)
        assert not network.reaches(gateway, network.pods[name], METRICS)
    assert not network.reaches(gateway, INTERNET, 443)


def test_prometheus_reaches_the_metrics(network: Network) -> None:
    for name, pod in network.pods.items():
        assert network.reaches(PROMETHEUS, pod, METRICS) == (name != "max-sentiment-gateway")


def test_prometheus_alone_reaches_the_metrics_and_nothing_else(network: Network) -> None:
    for pod in network.pods.values():
        for client in (CLIENT, INGRESS, *network.pods.values()):
            assert not network.reaches(client, pod, METRICS)
        for port in (API, GATEWAY):
            assert not network.reaches(PROMETHEUS, pod, port)


def documented() -> list[Document]:
    """Returns the patches of network policies in docs/deploying.md."""
    text = (ROOT / "docs" / "deploying.md").read_text()
    blocks = (each.partition("```")[0] for each in text.split("```yaml\n")[1:])
    found = [yaml.safe_load(each).get("patches", []) for each in blocks]
    return [each for patches in found for each in patches if each["target"]["kind"] == NETWORK]


@pytest.mark.parametrize("components", [(), ("gateway",)])
def test_the_patches_of_the_guide(components: tuple[str, ...]) -> None:
    patches = documented()
    assert len(patches) == 2
    if not components:
        patches = [each for each in patches if "gateway" not in each["target"]["name"]]
    documents = kustomized(Combination("cpu", components), patches=patches)
    network = Network(
        of_kind(documents, NETWORK),
        {name: Peer(HERE, pod["metadata"]["labels"]) for name, pod in pods(documents).items()},
    )
    server = network.pods["max-sentiment"]
    assert network.reaches(Peer("observability"), server, METRICS)
    assert not network.reaches(PROMETHEUS, server, METRICS)
    if components:
        gateway = network.pods["max-sentiment-gateway"]
        checkout = Peer("shop", {"app": "checkout"})
        assert network.reaches(checkout, gateway, GATEWAY)
        assert not network.reaches(Peer("shop", {"app": "search"}), gateway, GATEWAY)
        assert not network.reaches(CLIENT, server, API)


def test_no_other_port_is_open(network: Network) -> None:
    for pod in network.pods.values():
        for port in (22, 80, 443, 5555, 9000):
            assert not network.reaches(CLIENT, pod, port)


def test_pods_reach_only_dns(network: Network) -> None:
    for pod in network.pods.values():
        for resolver in (DNS, NODE_LOCAL_DNS):
            for protocol in ("UDP", "TCP"):
                assert network.reaches(pod, resolver, 53, protocol)
        assert not network.reaches(pod, DNS, 443)
        assert not network.reaches(pod, INTERNET, 443)
        assert not network.reaches(pod, INTERNET, 53, "UDP")
        assert not network.reaches(pod, CLIENT, 8080)


def test_servers_do_not_reach_each_other(network: Network) -> None:
    servers = [pod for name, pod in network.pods.items() if name != "max-sentiment-gateway"]
    for source in servers:
        for target in servers:
            assert not network.reaches(source, target, API)
