"""What starts a checkpoint of one's own, compiled ahead: image, compose, systemd and the pod."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import ROOT, run, run_python
from deployment import DEPLOY, compose, image_environment, unit
from manifests import Combination, Document, container, init_containers, needs_tools, pods, rendered
from pod_sandbox import CACHE, bake_cache, needs_namespaces, our_image, running_container

from distilbert_sentiment_arch.settings.defaults import VERSION

COMMAND = "/opt/max-sentiment/bin/max-sentiment"
OVERRIDE = DEPLOY / "compose" / "own-weights.yaml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(OVERRIDE.read_text())["services"]
DROP_IN = DEPLOY / "systemd" / "own-weights.conf"
CONTAINERFILE = DEPLOY / "image" / "own-weights.Containerfile"


def exists(words: list[str]) -> bool:
    ended = run_python("-m", "distilbert_sentiment_arch.cli", *words, "--help")
    return ended.returncode == 0


def environment_of(service: str) -> dict[str, str]:
    found: dict[str, str] = SERVICES[service].get("environment", {})
    return found


def mounts_of(service: str) -> dict[str, tuple[str, str]]:
    """Returns what is mounted where, and how."""
    found = {}
    for each in SERVICES[service]["volumes"]:
        source, place, mode = re.fullmatch(r"(\$\{[^}]*\}|\w+):([^:]+):?(\w*)", each).groups()  # type: ignore[union-attr]
        found[place] = (re.sub(r":\?[^}]*", "", source), mode)
    return found


def test_the_compose_file_is_one() -> None:
    ended = run_python(
        "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", OVERRIDE
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_what_compiles_in_compose_is_as_hardened_and_limited_as_the_server() -> None:
    server, warm = compose()["services"]["model"], SERVICES["warm"]
    assert SERVICES.keys() - compose()["services"].keys() == {"warm"}
    for name in ("image", "pull_policy", "read_only", "cap_drop", "security_opt", "tmpfs"):
        assert warm[name] == server[name], name
    for name in ("mem_limit", "memswap_limit", "pids_limit", "env_file"):
        assert warm[name] == server[name], name
    assert warm["restart"] == "no"
    assert warm["network_mode"] == "none"


def test_the_server_in_compose_starts_with_what_was_compiled_and_reads_it_only() -> None:
    server, warm = SERVICES["model"], SERVICES["warm"]
    assert server["depends_on"] == {"warm": {"condition": "service_completed_successfully"}}
    (directory,) = {environment_of(each)["MODULAR_CACHE_DIR"] for each in ("warm", "model")}
    assert mounts_of("warm")[directory] == ("compiled", "")
    assert mounts_of("model")[directory] == ("compiled", "ro")
    # The image has the place, which is the user's: a new volume takes its owner.
    assert f"--group 10001 {directory}" in (DEPLOY / "image" / "Containerfile").read_text()
    (flag,) = {tuple(SERVICES[each]["command"][1:]) for each in SERVICES}
    (place,) = [each.removeprefix("--model=") for each in flag]
    for name in SERVICES:
        assert mounts_of(name)[place] == ("${WEIGHTS}", "ro")
        command = SERVICES[name]["command"]
        assert exists(command)
        assert command[0] == (compose()["services"].get(name, {}).get("command") or ["warm"])[0]
    assert warm["command"][0] == "warm"


def drop_in() -> list[tuple[str, str]]:
    lines = DROP_IN.read_text().splitlines()
    return [
        (key, value)
        for key, _, value in (line.partition("=") for line in lines if line and line[0] not in "#[")
    ]


def test_systemd_compiles_for_what_it_starts() -> None:
    (before, warm), (reset, nothing), (start, serve) = drop_in()
    assert (before, reset, nothing, start) == ("ExecStartPre", "ExecStart", "", "ExecStart")
    (command, *warm_words), (also, *serve_words) = shlex.split(warm), shlex.split(serve)
    assert command == also == COMMAND
    assert (warm_words[0], serve_words[0]) == ("warm", "serve")
    assert warm_words[1:] == serve_words[1:]
    assert exists(warm_words)
    assert exists(serve_words)
    # The cache is kept from start to start, and is the server's.
    assert "CacheDirectory" in unit("max-sentiment")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
def test_systemd_reports_no_problem(tmp_path: Path) -> None:
    (tmp_path / "max-sentiment").symlink_to("/bin/true")
    service = tmp_path / "max-sentiment.service"
    directory = tmp_path / f"{service.name}.d"
    directory.mkdir()
    for source, copy in (
        (DEPLOY / "systemd" / service.name, service),
        (DROP_IN, directory / DROP_IN.name),
    ):
        copy.write_text(source.read_text().replace(COMMAND, str(tmp_path / "max-sentiment")))
    ended = run(
        "systemd-analyze",
        "verify",
        "--man=no",
        service,
        environment={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")


def test_the_image_of_a_checkpoint() -> None:
    text = re.sub(r"^#.*\n", "", CONTAINERFILE.read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    found = [tuple(line.split(maxsplit=1)) for line in filter(str.strip, lines)]
    assert ("ARG", f"BASE=max-sentiment:{VERSION}") in found
    assert [value for name, value in found if name == "USER"] == ["0:0", "10001:10001"]
    (command,) = [value for name, value in found if name == "CMD"]
    words = yaml.safe_load(command)
    assert exists(words)
    (built,) = [value for name, value in found if name == "RUN"]
    assert shlex.join(["warm", *words[1:]]) in built
    (copied,) = [value for name, value in found if name == "COPY"]
    assert copied.split()[-1] == words[-1]
    # What root has compiled is read by the server's user.
    assert "chmod --recursive go+rX" in built
    assert image_environment()["MODULAR_CACHE_DIR"] == "/opt/max-sentiment/cache"


@pytest.mark.slow
@needs_tools
@needs_namespaces
def test_a_pod_starts_with_what_its_init_container_compiled(tmp_path: Path) -> None:
    template = pods(rendered(Combination("cpu", ("warm",))))["max-sentiment"]
    bake_cache(tmp_path / "build", template)
    compiled = tmp_path / "compiled"
    shutil.copytree(CACHE / "max-sentiment", compiled / "max-sentiment")
    security = template["spec"]["securityContext"]
    for each in (compiled, *compiled.rglob("*")):
        shutil.chown(each, security["runAsUser"], security["runAsGroup"])
    # Compiling is tried elsewhere; a claim without its receipt and its word lists is filled here.
    for pattern in ("warm-*", "lexicon-*"):
        for each in (compiled / "max-sentiment").glob(pattern):
            each.unlink()
    (init,) = init_containers(template)
    log = run_to_its_end(tmp_path / "init", template, init, compiled)
    assert re.search(r"lexicon-[\w-]+\.sealed: .* compiled in", log)
    assert "is complete" in log
    # As the server sees it: for reading only.
    looking = container(template) | {"args": ["warm", "--check"]}
    assert "is complete" in run_to_its_end(tmp_path / "server", template, looking, compiled)


def run_to_its_end(directory: Path, template: Document, ran: Document, compiled: Path) -> str:
    """Runs a container of a pod; returns its log."""
    pod = {**template, "spec": {**template["spec"], "containers": [ran]}}
    files = {"compiled": compiled}
    with running_container(directory, pod, our_image(), network=9, files=files) as running:
        status = running.process.wait(timeout=400)
        log = running.log.read_text()
    assert status == 0, log
    return log


def test_the_pages_of_the_guide_name_each_variant() -> None:
    guide = (ROOT / "docs" / "deploying.md").read_text()
    for path in (OVERRIDE, DROP_IN, CONTAINERFILE):
        assert str(path.relative_to(ROOT)) in guide
