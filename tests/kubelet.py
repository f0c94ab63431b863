"""An emulation of the kubelet and of Services: probes, readiness and termination of pods.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
"""

from __future__ import annotations

import random
import signal
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import SHUT_WR, create_connection, socket
from typing import Any

import httpx
from manifests import Document, container
from pod_sandbox import Container, Image, running_container


@dataclass
class Service:
    """The pods that get new connections: those that are ready and not terminating."""

    pods: list[Pod] = field(default_factory=list)

    def endpoint(self, port: str) -> tuple[str, int] | None:
        """Returns the address for a new connection: any pod's, as with kube-proxy, or None."""
        able = [each for each in self.pods if each.ready and not each.terminating]
        return random.choice(able).endpoint(port) if able else None


@dataclass
class Pod:
    """A started pod.

    Attributes:
        template: The rendered pod template.
        running: Its container.
        ready: The last readiness probe passed.
        terminating: It is removed from its Service.
        live: The liveness probe has not failed too often.
        seconds_to_ready: Seconds from its start until it was ready.
    """

    template: Document
    running: Container
    ready: bool = False
    terminating: bool = False
    live: bool = True
    seconds_to_ready: float = 0
    _stopped: threading.Event = field(default_factory=threading.Event)

    def endpoint(self, port: str) -> tuple[str, int]:
        """Returns address and number of a named port."""
        ports = {each["name"]: each["containerPort"] for each in container(self.template)["ports"]}
        return self.running.address, ports[port]

    def url(self, port: str) -> str:
        """Returns the URL of a named port."""
        return "http://{}:{}".format(*self.endpoint(port))

    def passes(self, kind: str) -> bool:
        """Runs a probe once."""
        probe = container(self.template)[kind]
        timeout = probe["timeoutSeconds"]
        try:
            if "tcpSocket" in probe:
                create_connection(self.endpoint(probe["tcpSocket"]["port"]), timeout).close()
                return True
            get = probe["httpGet"]
            url = f"{self.url(get['port'])}{get['path']}"
            return 200 <= httpx.get(url, timeout=timeout, trust_env=False).status_code < 400
        except (httpx.TransportError, OSError):
            return False

    def start(self) -> None:
        """Waits for the startup probe, then for readiness; continues to probe in the background."""
        started = time.monotonic()
        for kind in ("startupProbe", "readinessProbe"):
            probe = container(self.template).get(kind)
            attempts = probe["failureThreshold"] if probe and kind == "startupProbe" else 60
            while probe and not self.passes(kind):
                attempts -= 1
                log = self.running.log
                assert self.running.process.poll() is None, log.read_text()[-4000:]
                assert attempts > 0, f"{kind} failed:\n{log.read_text()[-4000:]}"
                time.sleep(probe["periodSeconds"])
        self.seconds_to_ready = time.monotonic() - started
        self.ready = True
        for kind in ("readinessProbe", "livenessProbe"):
            threading.Thread(target=self._keep_probing, args=(kind,), daemon=True).start()

    def _keep_probing(self, kind: str) -> None:
        probe = container(self.template)[kind]
        failures = 0
        while not self._stopped.wait(probe["periodSeconds"]):
            passed = self.passes(kind)
            failures = 0 if passed else failures + 1
            if kind == "readinessProbe":
                self.ready = passed or (self.ready and failures < probe["failureThreshold"])
            elif failures >= probe["failureThreshold"] and not self._stopped.is_set():
                self.live = False

    def terminate(self) -> tuple[int, float]:
        """Ends it as `kubectl delete pod` does: preStop, SIGTERM, and at most the grace period.

        Returns:
            The exit status, and how many seconds it took after SIGTERM.
        """
        deadline = time.monotonic() + self.template["spec"]["terminationGracePeriodSeconds"]
        self.terminating = True
        time.sleep(container(self.template)["lifecycle"]["preStop"]["sleep"]["seconds"])
        self._stopped.set()
        signalled = time.monotonic()
        self.running.signal(signal.SIGTERM)
        try:
            status = self.running.process.wait(timeout=deadline - signalled)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"SIGKILL after the grace period:\n{self.running.log.read_text()[-4000:]}"
            ) from None
        return status, time.monotonic() - signalled

    def stop_probing(self) -> None:
        """Ends the probes of a pod that the test no longer needs."""
        self._stopped.set()


@contextmanager
def running_pod(directory: Path, template: Document, image: Image, **options: Any) -> Iterator[Pod]:
    """Starts a pod and waits until it is ready; options are those of ``running_container``."""
    with running_container(directory, template, image, **options) as running:
        pod = Pod(template, running)
        try:
            pod.start()
            yield pod
        finally:
            pod.stop_probing()


@contextmanager
def cluster_address(address: str, port: int, service: Service, target: str) -> Iterator[None]:
    """The cluster IP of a Service: connections go to a pod, or are refused if none is ready."""

    class Proxy(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            client: socket = self.request
            endpoint = service.endpoint(target)
            if endpoint is None:
                return
            with suppress(OSError), create_connection(endpoint, timeout=1) as server:
                server.settimeout(None)
                back = threading.Thread(target=_copy, args=(server, client), daemon=True)
                back.start()
                _copy(client, server)
                back.join()

    class Listener(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True
        request_queue_size = 128

    with ExitStack() as stack:
        command = ["ip", "address", "add", f"{address}/32", "dev", "lo"]
        subprocess.run(command, check=True, capture_output=True)
        command = ["ip", "address", "delete", f"{address}/32", "dev", "lo"]
        stack.callback(subprocess.run, command, check=False, capture_output=True)
        listener = stack.enter_context(Listener((address, port), Proxy))
        listener.block_on_close = False
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        stack.callback(listener.shutdown)
        yield


def _copy(source: socket, target: socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(SHUT_WR)
