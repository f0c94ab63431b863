"""A pod's container, started as by a container runtime, with this machine's files as the image.

A root file system of its own that is read-only, the volumes of the pod, its user without any
capability, process, IPC and network namespaces, and a memory cgroup where one can be had. What an
image would hold is bound in read-only: this Python and its packages, or nginx for the gateway.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from commands import ROOT
from manifests import Document, container
from memory_cgroups import memory_cgroup, peak_memory

from distilbert_sentiment_arch.compile_cache import cache_directory

# The same as in deploy/image/Containerfile.
ENTRYPOINT = ["max-sentiment"]
ENVIRONMENT = {
    "PATH": "/opt/max-sentiment/bin:/usr/local/bin:/usr/bin:/bin",
    "PYTHONUNBUFFERED": "1",
    "HOME": "/tmp",
    "XDG_CACHE_HOME": "/var/cache/max-sentiment",
    "MODULAR_CACHE_DIR": "/opt/max-sentiment/cache",
}

CACHE = ROOT / ".tools" / "pod-cache"
"""What the image bakes: compiled graphs, which are of a user and a processor."""

_PREFIX = "sentiment-pod"
_OF_ETC = ("alternatives", "group", "ld.so.cache", "localtime", "nsswitch.conf", "passwd")


def _can_unshare() -> bool:
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "unshare", "setpriv", "chroot"))):
        return False
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--ipc", "--net", "--fork", "true"],
        capture_output=True,
        check=False,
    )
    return tried.returncode == 0


needs_namespaces = pytest.mark.skipif(
    not _can_unshare(), reason="pods are run by root, with ip, unshare and setpriv"
)


@dataclass(frozen=True)
class Image:
    """The substitute for an image.

    Attributes:
        binds: Directories and files of this machine, by their path in the container.
        environment: The image's ENV.
        entrypoint: The image's ENTRYPOINT.
    """

    binds: dict[str, Path]
    environment: dict[str, str]
    entrypoint: Sequence[str]


def our_image() -> Image:
    """Returns the image of the servers, equivalent to deploy/image."""
    prefixes = {str(path): Path(path) for path in (sys.prefix, sys.base_prefix, ROOT)}
    return Image(
        {
            **prefixes,
            "/opt/max-sentiment/bin": Path(sys.prefix) / "bin",
            "/opt/max-sentiment/cache": CACHE,
        },
        # The image has the package installed; here this working tree takes its place.
        ENVIRONMENT | {"PYTHONPATH": str(ROOT)},
        ENTRYPOINT,
    )


def nginx_image(nginx: str) -> Image:
    """Returns the image of the gateway."""
    directory = Path(nginx).parent
    return Image({str(directory): directory}, {"PATH": f"{directory}:/usr/sbin:/usr/bin:/bin"}, [])


def bake_cache(directory: Path, server: Document) -> None:
    """Fills the cache as the image's build does, as the pod's user; once for the current sources.

    Graphs already compiled on this machine are copied, and newly compiled ones are kept for other
    tests. The pod's memory limit applies, because a pod compiles if the node's processor differs
    from the image's.
    """
    sources = [ROOT / "requirements.lock", *(ROOT / "distilbert_sentiment_arch").rglob("*")]
    stamp = hashlib.sha256()
    for source in sorted(each for each in sources if each.suffix in (".lock", ".py", ".mojo")):
        stamp.update(source.read_bytes())
    filled_from = CACHE.with_name(f"{CACHE.name}-filled-from")
    if filled_from.exists() and filled_from.read_text() == stamp.hexdigest():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    security = server["spec"]["securityContext"]
    user, group = security["runAsUser"], security["runAsGroup"]
    os.chown(CACHE, user, group)
    baked, ours = CACHE / "max-sentiment", cache_directory()
    _copy_graphs(ours, baked, user, group)
    warm = {"args": ["warm"], "resources": container(server)["resources"]}
    pod = {"spec": {"securityContext": security, "containers": [warm], "volumes": []}}
    with running_container(directory, pod, our_image(), network=0, build=True) as baking:
        assert baking.process.wait(timeout=600) == 0, baking.log.read_text()
    _copy_graphs(baked, ours, os.geteuid(), os.getegid())
    filled_from.write_text(stamp.hexdigest())


def _copy_graphs(source: Path, target: Path, user: int, group: int) -> None:
    """Copies compiled graphs that the target lacks, and makes a user their owner."""
    if not target.exists():
        target.mkdir(mode=0o700, parents=True)
        os.chown(target, user, group)
    for graph in source.glob("graph-*.sealed"):
        if not (target / graph.name).exists():
            partial = target / f"{graph.name}.{os.getpid()}"
            shutil.copyfile(graph, partial)
            partial.chmod(0o644)
            os.chown(partial, user, group)
            partial.replace(target / graph.name)


@dataclass
class Container:
    """A started container.

    Attributes:
        process: The process that waits for the container, and ends with its exit status.
        address: IP address of its pod.
        log: File with its output.
        cgroup: Memory cgroup of the container; None if none can be made.
    """

    process: subprocess.Popen[bytes]
    address: str
    log: Path
    cgroup: Path | None

    def main_process(self) -> psutil.Process:
        """Returns the process that is process 1 in the container."""
        (only,) = psutil.Process(self.process.pid).children()
        return only

    def signal(self, number: signal.Signals) -> None:
        self.main_process().send_signal(number)

    def peak_memory(self) -> int | None:
        """Returns its peak memory in bytes."""
        return peak_memory(self.cgroup)


@contextmanager
def running_container(
    directory: Path,
    pod: Document,
    image: Image,
    *,
    network: int,
    hosts: str = "",
    files: dict[str, Path] | None = None,
    build: bool = False,
) -> Iterator[Container]:
    """Starts the container of a pod.

    Args:
        directory: An empty directory, for its root and its log.
        pod: The rendered template.
        image: The image.
        network: Number of its network, 0 to 62; each pod has its own.
        hosts: Lines for /etc/hosts, in place of the cluster's DNS.
        files: Contents of the volumes other than emptyDir, by the volume's name.
        build: The image is being built: its cache and /tmp are writable.
    """
    directory.mkdir(parents=True)
    root = directory / "root"
    root.mkdir()
    hosts_file = directory / "hosts"
    hosts_file.write_text(f"127.0.0.1 localhost\n{hosts}")
    limit = _bytes(container(pod)["resources"]["limits"]["memory"])
    script = _script(root, pod, image, hosts_file, files or {}, build=build)
    log = directory / "log"
    with (
        memory_cgroup(f"{_PREFIX}-{os.getpid()}-{network}", limit) as cgroup,
        _network(network) as (namespace, address),
        log.open("wb") as output,
    ):
        enter = f"echo $$ >{cgroup}/cgroup.procs;" if cgroup is not None else ""
        # As runc does, for programs that open /dev/stdout by name.
        os.fchown(output.fileno(), pod["spec"]["securityContext"]["runAsUser"], -1)
        process = subprocess.Popen(
            [
                *("bash", "-euc", f'{enter} exec "$@"', "bash"),
                *("ip", "netns", "exec", namespace),
                *("unshare", "--mount", "--pid", "--ipc", "--fork"),
                *("bash", "-euc", script),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(os.environ),
        )
        try:
            yield Container(process, address, log, cgroup)
        finally:
            # Ends process 1, and with it the namespace. unshare --kill-child is not enough: a
            # process that changes its user loses the parent-death signal.
            if process.poll() is None:
                for child in psutil.Process(process.pid).children():
                    child.kill()
            process.wait()


def _script(
    root: Path,
    pod: Document,
    image: Image,
    hosts: Path,
    files: dict[str, Path],
    *,
    build: bool,
) -> str:
    lines = [f"R={shlex.quote(str(root))}", "mount -t tmpfs -o mode=755 tmpfs $R", "cd $R"]

    def bind(source: Path, target: str, *, writable: bool = False) -> None:
        made = "mkdir -p" if source.is_dir() else "touch"
        place, origin = shlex.quote(f".{target}"), shlex.quote(str(source))
        lines.append(f"mkdir -p $(dirname {place}) && {made} {place}")
        lines.append(f"mount --bind {origin} {place}")
        if not writable:
            lines.append(f"mount -o remount,bind,ro {place}")

    bind(Path("/usr"), "/usr")
    for name in ("bin", "sbin", "lib", "lib64"):
        if Path("/", name).is_symlink():
            lines.append(f"cp -P /{name} {name}")
        elif Path("/", name).is_dir():
            bind(Path("/", name), f"/{name}")
    lines.append("mkdir -p etc proc dev tmp sys")
    lines += [f"cp -a /etc/{each} etc" for each in _OF_ETC if Path("/etc", each).exists()]
    bind(hosts, "/etc/hosts")
    lines.append("mount -t proc proc proc")
    bind(Path("/sys"), "/sys")
    for name in ("null", "zero", "full", "random", "urandom"):
        bind(Path("/dev", name), f"/dev/{name}", writable=True)
    lines.append("ln -s /proc/self/fd dev/fd; mkdir -p dev/shm")
    lines += [
        f"ln -s fd/{number} dev/std{name}" for number, name in enumerate(("in", "out", "err"))
    ]
    if build:
        lines.append("chmod 1777 tmp; mount -t tmpfs tmpfs dev/shm")
        lines.append("mkdir -p var/cache/max-sentiment; chmod 777 var/cache/max-sentiment")
    security = pod["spec"]["securityContext"]
    group = security["fsGroup"]
    volumes = {each["name"]: each for each in pod["spec"]["volumes"]}
    only = container(pod)
    mounts = only.get("volumeMounts", [])
    mounted = {each["mountPath"]: volumes[each["name"]] for each in mounts}
    writable = {each["mountPath"] for each in mounts if not each.get("readOnly")}
    # Sorted, so that nested mounts come after their parents: this repository may be below /tmp.
    for target in sorted({*image.binds, *mounted}):
        if target not in mounted:
            bind(image.binds[target], target, writable=build and image.binds[target] == CACHE)
        elif "emptyDir" in mounted[target]:
            size = _bytes(mounted[target]["emptyDir"]["sizeLimit"])
            options = f"size={size},mode=2777,gid={group},nosuid,nodev"
            lines.append(f"mkdir -p .{target} && mount -t tmpfs -o {options} tmpfs .{target}")
        else:
            bind(files[mounted[target]["name"]], target, writable=target in writable)
    if not build:
        lines.append("mount -o remount,ro $R")

    environment = image.environment | {each["name"]: each["value"] for each in only.get("env", [])}
    command = [*only.get("command", image.entrypoint), *only.get("args", [])]
    started = [
        *("setpriv", "--reuid", security["runAsUser"], "--regid", security["runAsGroup"]),
        *("--groups", group, "--no-new-privs", "--inh-caps=-all", "--ambient-caps=-all"),
        "--bounding-set=-all",
        *("env", "--ignore-environment", "--chdir=/"),
        *(f"{name}={value}" for name, value in environment.items()),
        *command,
    ]
    lines.append(f"exec chroot $R {shlex.join(map(str, started))}")
    return "\n".join(lines)


def _bytes(quantity: str) -> int:
    match = re.fullmatch(r"(\d+)(Mi|Gi)", quantity)
    assert match, quantity
    return int(match[1]) * {"Mi": 2**20, "Gi": 2**30}[match[2]]


@contextmanager
def _network(number: int) -> Iterator[tuple[str, str]]:
    """A network namespace joined to this machine by a veth pair; yields its name and address."""
    name = f"{_PREFIX}-{os.getpid()}-{number}"
    link = f"sp{os.getpid() % 100_000}-{number}"
    here, there = f"10.213.{number}.1", f"10.213.{number}.2"
    inside = ["ip", "-netns", name]
    try:
        for command in (
            ["ip", "netns", "add", name],
            ["ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name],
            ["ip", "address", "add", f"{here}/30", "dev", link],
            ["ip", "link", "set", link, "up"],
            [*inside, "link", "set", "lo", "up"],
            [*inside, "address", "add", f"{there}/30", "dev", "eth0"],
            [*inside, "link", "set", "eth0", "up"],
            [*inside, "route", "add", "default", "via", here],
        ):
            subprocess.run(command, check=True, capture_output=True)
        yield name, there
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "delete", link], check=False, capture_output=True)
