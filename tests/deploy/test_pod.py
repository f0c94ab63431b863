"""The pods of deploy/kubernetes, run without a cluster by an emulation of the kubelet."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from commands import ROOT
from dialects import GOOD
from gateway_process import NGINX, needs_nginx
from kubelet import Pod, Service, cluster_address, running_pod
from manifests import Combination, Document, container, needs_tools, of_kind, pods, rendered
from pod_sandbox import bake_cache, needs_namespaces, nginx_image, our_image

pytestmark = [
    pytest.mark.slow,
    needs_tools,
    needs_namespaces,
    needs_nginx,
]

DOCUMENTS = Combination("cpu", ("gateway", "keda", "podmonitor", "httproute"))
ADDRESSES = {"max-sentiment-model": "10.213.255.1", "max-sentiment-lexicon": "10.213.255.2"}
LONG = {"input": ["What a wonderful film it was, all in all. " * 45] * 24}


@dataclass
class Load:
    """Clients that use every dialect, with a new connection each time, and their responses."""

    endpoint: Callable[[], tuple[str, int] | None]
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    ended: bool = False

    def ask(self) -> None:
        while not self.ended:
            for path, body in GOOD.values():
                time.sleep(
                    0.03
                )  # without a pause, the test would only measure the start under load
                endpoint = self.endpoint()
                if endpoint is None:
                    self.wrong.append("no pod was ready")
                    continue
                url = "http://{}:{}".format(*endpoint)
                try:
                    answer = httpx.post(f"{url}{path}", json=body, timeout=60, trust_env=False)
                except httpx.TransportError as error:
                    self.wrong.append(f"{path}: {error!r}")
                    continue
                if answer.status_code != 200:
                    self.wrong.append(f"{path}: {answer.status_code} {answer.text[:200]}")
                self.outcomes[answer.headers.get("X-Sentiment-Route", "none")] += 1

    def wait_for(self, route: str) -> None:
        wanted = self.outcomes[route] + 20
        deadline = time.monotonic() + 60
        while self.outcomes[route] < wanted:
            assert time.monotonic() < deadline, (self.outcomes, self.wrong[:3])
            time.sleep(0.05)


@contextmanager
def load(endpoint: Callable[[], tuple[str, int] | None]) -> Iterator[Load]:
    clients = Load(endpoint)
    threads = [threading.Thread(target=clients.ask) for _ in range(2)]
    for each in threads:
        each.start()
    try:
        yield clients
    finally:
        clients.ended = True
        for each in threads:
            each.join()


@dataclass
class Rollout:
    """Record of a rollout, from the first pod of a model server to the end of its replacement.

    Attributes:
        before: Responses at the gateway while there was no model server.
        at_the_gateway: Clients of the Service with the component `gateway`.
        at_the_servers: Clients of the Service without it.
        in_flight: Response to a request sent to the old pod half a second before its SIGTERM.
        status: Exit status of the old pod.
        seconds: From its SIGTERM to its end.
    """

    gateway: Pod
    lexicon: Pod
    old: Pod
    new: Pod
    before: dict[str, int]
    at_the_gateway: Load
    at_the_servers: Load
    in_flight: httpx.Response
    status: int
    seconds: float


@pytest.fixture(scope="module")
def rollout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rollout]:
    """Starts lexicon server, gateway, a model server and its successor, then ends the first one."""
    directory = tmp_path_factory.mktemp("pods")
    templates = pods(rendered(DOCUMENTS))
    server, lexicon, gateway = (
        templates[f"max-sentiment{name}"] for name in ("", "-lexicon", "-gateway")
    )
    bake_cache(directory / "build", server)
    models, lexicons = Service(), Service()
    with ExitStack() as stack:

        def start(name: str, template: Document, network: int) -> Pod:
            pod = running_pod(directory / name, template, our_image(), network=network)
            return stack.enter_context(pod)

        for service, name in ((models, "max-sentiment-model"), (lexicons, "max-sentiment-lexicon")):
            stack.enter_context(cluster_address(ADDRESSES[name], 8000, service, "http"))
        lexicons.pods.append(start("lexicon", lexicon, 1))
        (configuration,) = (each for each in gateway["spec"]["volumes"] if "configMap" in each)
        gateway_pod = stack.enter_context(
            running_pod(
                directory / "gateway",
                gateway,
                nginx_image(NGINX),
                network=2,
                hosts="".join(f"{address} {name}\n" for name, address in ADDRESSES.items()),
                files={configuration["name"]: ROOT / "deploy" / "gateway"},
            )
        )
        with load(lambda: gateway_pod.endpoint("http")) as at_the_gateway:
            at_the_gateway.wait_for("lexicon")
            before = dict(at_the_gateway.outcomes)
            models.pods.append(old := start("old", server, 3))
            at_the_gateway.wait_for("model")
            with load(lambda: models.endpoint("http")) as at_the_servers:
                at_the_servers.wait_for("model")
                # maxSurge 1, maxUnavailable 0: the new pod is ready before the old one is ended.
                models.pods.append(new := start("new", server, 4))
                answers: list[httpx.Response] = []
                url = f"{old.url('http')}/classify"
                late = threading.Timer(
                    container(server)["lifecycle"]["preStop"]["sleep"]["seconds"] - 0.5,
                    lambda: answers.append(httpx.post(url, json=LONG, timeout=60, trust_env=False)),
                )
                late.start()
                status, seconds = old.terminate()
                late.join()
                models.pods.remove(old)
                at_the_servers.wait_for("model")
        yield Rollout(
            gateway_pod,
            lexicons.pods[0],
            old,
            new,
            before,
            at_the_gateway,
            at_the_servers,
            answers[0],
            status,
            seconds,
        )


def test_no_request_fails_at_the_service_of_the_model_servers(rollout: Rollout) -> None:
    clients = rollout.at_the_servers
    print(f"{sum(clients.outcomes.values())} answered, {len(clients.wrong)} failed")
    for name, pod in (("old", rollout.old), ("new, under load", rollout.new)):
        print(f"{name}: ready after {pod.seconds_to_ready:.1f} s")
    assert clients.wrong == []
    assert clients.outcomes.keys() == {"model"}


def test_no_request_fails_at_the_gateway_even_before_there_is_a_model(rollout: Rollout) -> None:
    clients = rollout.at_the_gateway
    print(f"answered by {dict(clients.outcomes)}, {len(clients.wrong)} failed")
    assert clients.wrong == []
    assert rollout.before.keys() == {"lexicon"}
    assert clients.outcomes.keys() == {"lexicon", "model"}


def test_sigterm_ends_a_pod_once_requests_in_flight_are_answered(rollout: Rollout) -> None:
    print(f"from SIGTERM to the end {rollout.seconds:.1f} s")
    assert rollout.status == 0
    assert rollout.in_flight.status_code == 200
    assert len(rollout.in_flight.json()["data"]) == len(LONG["input"])
    assert rollout.seconds > 0.5  # shows that a request was in flight


def test_no_pod_would_have_been_restarted(rollout: Rollout) -> None:
    for pod in (rollout.old, rollout.new, rollout.lexicon, rollout.gateway):
        assert pod.live
    for pod in (rollout.new, rollout.lexicon, rollout.gateway):
        assert pod.ready


def test_memory_stays_within_the_request(rollout: Rollout) -> None:
    for name in ("old", "new", "lexicon", "gateway"):
        pod: Pod = getattr(rollout, name)
        peak = pod.running.peak_memory()
        if peak is None:
            pytest.skip("no memory cgroup can be made here")
        requested = container(pod.template)["resources"]["requests"]["memory"]
        print(f"{name}: {peak / 2**20:.0f} MiB at most, {requested} requested")
        assert peak < int(requested.removesuffix("Mi")) * 2**20


@pytest.mark.parametrize("name", ["new", "lexicon", "gateway"])
def test_processes_have_the_manifest_s_security_context(rollout: Rollout, name: str) -> None:
    pod: Pod = getattr(rollout, name)
    directory = Path("/proc", str(pod.running.main_process().pid))
    status = (directory / "status").read_text()
    user = pod.template["spec"]["securityContext"]["runAsUser"]
    assert re.search(rf"^Uid:(\s+{user}){{4}}$", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^CapBnd:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    mounts = [line.split() for line in (directory / "mounts").read_text().splitlines()]
    devices = {f"/dev/{each}" for each in ("null", "zero", "full", "random", "urandom")}
    writable = {
        where
        for _, where, kind, options, *_ in mounts
        if "rw" in options.split(",") and kind != "proc"
    }
    assert writable - devices == {
        each["mountPath"]
        for each in container(pod.template)["volumeMounts"]
        if not each.get("readOnly")
    }


def test_the_server_process_has_the_manifest_s_arguments(rollout: Rollout) -> None:
    # `max-sentiment serve` replaces itself with `max serve` and passes its arguments on.
    command = rollout.new.running.main_process().cmdline()
    assert command[-1:] == container(rollout.new.template)["args"][-1:]
    assert "serve" in command


def test_paths_of_probes_and_routes_are_in_the_server_s_openapi(rollout: Rollout) -> None:
    documents = rendered(DOCUMENTS)
    url = rollout.new.url("http")
    paths = httpx.get(f"{url}/openapi.json", trust_env=False).json()["paths"]
    for name, template in pods(documents).items():
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            probe = container(template).get(kind, {})
            if "httpGet" in probe:
                assert "get" in paths[probe["httpGet"]["path"]], name
    (route,) = of_kind(documents, "HTTPRoute")
    outside = {path for path in paths if is_routed(path, route)}
    assert all(is_routed(path, route) for path, _ in GOOD.values())
    assert "/v1/lexicon/classify" in outside
    assert not {"/health", "/ready", "/docs", "/version", "/reset_prefix_cache"} & outside
    assert not any(path.startswith("/max_internal") for path in outside)


def is_routed(path: str, route: Document) -> bool:
    """Whether a route matches a path; a prefix matches whole path segments only."""
    for rule in route["spec"]["rules"]:
        for match in rule["matches"]:
            kind, value = match["path"]["type"], match["path"]["value"]
            if path == value or (kind == "PathPrefix" and path.startswith(f"{value}/")):
                return True
    return False


def test_metrics_are_at_the_port_and_path_of_the_monitor(rollout: Rollout) -> None:
    # tests/server/test_monitored_metrics.py checks that alerts use metrics that exist.
    (monitor,) = of_kind(rendered(DOCUMENTS), "PodMonitor")
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    for pod in (rollout.new, rollout.lexicon):
        page = httpx.get(f"{pod.url(endpoint['port'])}{endpoint['path']}", trust_env=False)
        assert re.search(r"^sentiment_requests_total\{", page.text, re.MULTILINE)
