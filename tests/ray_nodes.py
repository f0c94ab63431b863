"""A Ray cluster of two nodes on this machine, in a process of its own.

Each node has a core, and says that it has a GPU.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
from commands import ROOT

WORKER = "ray::MapWorker"
"""How the processes of Ray Data's actors are titled."""

ENVIRONMENT = {
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    "PYTHONPATH": str(ROOT),
}

_HOST = """
import sys
from ray.cluster_utils import Cluster

# Ray does not look for the GPU; MAX does.
node = {"num_cpus": 1, "num_gpus": 1, "object_store_memory": 80 * 2**20, "memory": 2 * 10**9}
head = {"include_dashboard": False, "temp_dir": sys.argv[1]}
cluster = Cluster(initialize_head=True, head_node_args=node | head)
other = cluster.add_node(**node)
print(cluster.address, flush=True)
for line in sys.stdin:
    if line == "kill\\n":
        cluster.remove_node(other, allow_graceful=False)
    print(line, end="", flush=True)
cluster.shutdown()
"""


class RayNodes:
    """Two nodes of a core each; a context manager.

    Attributes:
        address: Of the head.
    """

    def __enter__(self) -> RayNodes:
        # Ray's sockets are in it, whose paths are short.
        self._directory = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _HOST, str(self._directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | ENVIRONMENT,
            start_new_session=True,
        )
        self.address = self._line()
        assert self.address, "Ray did not start"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        left = psutil.Process(self._process.pid).children(recursive=True)
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(60)
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        for each in left:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(left, timeout=30)
        shutil.rmtree(self._directory, ignore_errors=True)

    def kill_node(self) -> None:
        """Kills the second node for good, and with it what runs there."""
        assert self._process.stdin is not None
        self._process.stdin.write("kill\n")
        self._process.stdin.flush()
        assert self._line() == "kill"

    def workers(self) -> list[psutil.Process]:
        """Returns the processes of actors of Ray Data."""
        found = []
        for each in psutil.Process(self._process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if " ".join(each.cmdline()).startswith(WORKER):
                    found.append(each)
        return found

    def kill_worker(self) -> None:
        """Kills an actor of Ray Data; one runs."""
        self.workers()[0].send_signal(signal.SIGKILL)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def ray_nodes() -> Iterator[RayNodes]:
    """Starts a cluster for a fixture."""
    with RayNodes() as nodes:
        yield nodes
