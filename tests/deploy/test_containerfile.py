"""Static checks of the Containerfile and the locks; deploy/image/trial runs the image."""

from __future__ import annotations

import json
import os
import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from commands import ROOT, run, run_python
from deployment import DEPLOY, containerfile, image_environment, in_the_image
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CACHE = "/opt/max-sentiment/cache"
WRITABLE = ("/tmp", "/var/cache/max-sentiment")


def locked(path: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Returns the version and hashes of each locked package."""
    found = {}
    for entry in re.split(r"\n(?=\S)", path.read_text().strip()):
        match = re.match(r"([\w.-]+)==(\S+)", entry)
        assert match, entry
        found[match[1]] = (match[2], frozenset(re.findall(r"--hash=(\S+)", entry)))
    return found


RUNTIME = locked(DEPLOY / "image" / "runtime.lock")
BUILD = locked(DEPLOY / "image" / "build.lock")
EXTRAS = {name: locked(DEPLOY / "image" / f"{name}.lock") for name in ("score", "ray", "mcp")}


def needed_at_run_time() -> set[str]:
    """Returns the packages required at run time here, from the metadata of the installed ones."""
    found: set[str] = set()
    open_ends = [Requirement(each) for each in PROJECT["project"]["dependencies"]]
    seen: set[str] = set()
    while open_ends:
        requirement = open_ends.pop()
        if str(requirement) in seen:
            continue
        seen.add(str(requirement))
        name = canonicalize_name(requirement.name)
        try:
            its_own = [Requirement(each) for each in requires(name) or ()]
        except PackageNotFoundError:
            continue
        found.add(name)
        for each in its_own:
            extras = [{"extra": extra} for extra in requirement.extras] or [{"extra": ""}]
            if each.marker is None or any(each.marker.evaluate(extra) for extra in extras):
                open_ends.append(each)
    return found


def test_every_stage_has_the_same_base_pinned_by_digest() -> None:
    stages = [each for each in containerfile() if each.name == "FROM"]
    assert [each.words[0] for each in stages] == ["${BASE}"] * 2
    (base,) = [each.value for each in containerfile() if each.value.startswith("BASE=")]
    assert re.fullmatch(r"BASE=\S+/python:3\.1[1-4]\.\d+-slim-\w+@sha256:[0-9a-f]{64}", base)


def test_copied_files_are_tracked_and_in_the_build_context() -> None:
    ignored, *allowed = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith(("#", "**"))
    ]
    assert ignored == "*"
    sources = [
        source
        for each in containerfile()
        if each.name == "COPY" and "--from=build" not in each.words
        for source in each.words[:-1]
    ]
    assert "distilbert_sentiment_arch" in sources
    for source in sources:
        assert run("git", "ls-files", source).stdout, source
        assert any(f"!{source}/".startswith(f"{line}/") for line in allowed), source


def test_locked_versions_are_the_tested_ones() -> None:
    tested = locked(ROOT / "requirements.lock")
    for lock in (RUNTIME, BUILD):
        assert lock.items() <= tested.items()
        assert all(hashes for _, hashes in lock.values())


def test_the_runtime_lock_has_required_packages_and_no_development_tools() -> None:
    needed = needed_at_run_time()
    assert {"max", "modular", "uvicorn", "numpy"} & needed
    assert needed <= RUNTIME.keys()
    for_developers = {
        canonicalize_name(Requirement(each).name)
        for group in ("dev", "ray")
        for each in PROJECT["dependency-groups"][group]
        if isinstance(each, str)
    }
    assert RUNTIME.keys() & (for_developers - needed) == set()


@pytest.mark.parametrize("extra", sorted(EXTRAS))
def test_the_lock_of_an_extra_has_what_it_needs_beyond_the_servers(extra: str) -> None:
    lock = EXTRAS[extra]
    assert all(hashes for _, hashes in lock.values())
    assert not lock.keys() & RUNTIME.keys()
    tested = locked(ROOT / "requirements.lock")
    assert {name: tested[name] for name in lock.keys() & tested.keys()}.items() <= lock.items()
    for each in PROJECT["project"]["optional-dependencies"][extra]:
        requirement = Requirement(each)
        assert requirement.specifier.contains(lock[requirement.name][0])


def test_an_argument_of_the_build_chooses_the_lock_of_an_extra() -> None:
    assert "EXTRA=" in [each.value for each in containerfile() if each.name == "ARG"]
    (installed,) = [each.value for each in containerfile() if "runtime.lock" in each.value][1:]
    assert "${EXTRA:+--requirement deploy/image/$EXTRA.lock}" in installed


def test_the_image_of_ray_has_the_tested_ray_and_the_server_of_its_jobs() -> None:
    tested, of_image = (
        Requirement(each)
        for each in (
            *PROJECT["dependency-groups"]["ray"],
            *(
                line
                for line in (DEPLOY / "image" / "ray.in").read_text().splitlines()
                if not line.startswith("#")
            ),
        )
    )
    assert of_image.extras == {*tested.extras, "default"}
    assert of_image.specifier == tested.specifier
    assert "aiohttp" in EXTRAS["ray"]


def test_build_lock_has_the_build_backend() -> None:
    for each in PROJECT["build-system"]["requires"]:
        requirement = Requirement(each)
        assert requirement.specifier.contains(BUILD[requirement.name][0])


def test_ports_are_the_servers_defaults() -> None:
    (exposed,) = in_the_image("EXPOSE")
    code = (
        "from max.serve.config import Settings; import json; f = Settings.model_fields;"
        "print(json.dumps([f['port'].default, f['metrics_port'].default]))"
    )
    ended = run_python("-c", code)
    assert ended.returncode == 0, ended.stderr
    assert [int(word) for word in exposed.words] == json.loads(ended.stdout.splitlines()[-1])
    lexicon = run_python("-m", "distilbert_sentiment_arch.cli", "lexicon", "--help").stdout
    assert [int(port) for port in re.findall(r"default:\s+(8\d{3})\b", lexicon)] == [8000, 8001]


@pytest.mark.parametrize("instruction", ["ENTRYPOINT", "HEALTHCHECK"])
def test_commands_exist(instruction: str) -> None:
    (given,) = in_the_image(instruction)
    words = json.loads(given.value[given.value.index("[") :])
    if instruction == "ENTRYPOINT":
        words += in_the_image("CMD")[0].words
    assert words[0] in PROJECT["project"]["scripts"]
    ended = run_python("-m", "distilbert_sentiment_arch.cli", *words[1:], "--help")
    assert ended.returncode == 0, ended.stderr


def test_the_image_runs_as_its_own_user() -> None:
    (user,) = in_the_image("USER")
    assert user.value == "10001:10001"
    assert [each.value for each in containerfile() if each.name == "USER"] == [user.value] * 2
    owned = {
        match[3]: (match[1], match[2])
        for each in containerfile()
        for match in re.finditer(r"--owner (\d+) --group (\d+) (\S+)", each.value)
    }
    writable = [CACHE, "/var/cache/max-sentiment", "/var/cache/compiled"]
    assert owned == dict.fromkeys(writable, ("10001", "10001"))


def test_paths_in_the_environment_are_the_baked_cache_or_writable() -> None:
    environment = image_environment()
    assert environment.pop("PATH").split(":")[0] == "/opt/max-sentiment/bin"
    assert environment.pop("PYTHONUNBUFFERED") == "1"
    assert environment["MODULAR_CACHE_DIR"] == CACHE
    for name, value in environment.items():
        assert value == CACHE or value in WRITABLE, name


def test_mojo_and_hugging_face_use_the_paths_of_the_environment() -> None:
    code = """
import huggingface_hub.constants
from pathlib import Path
from mojo.run import subprocess_run_mojo
from distilbert_sentiment_arch.compile_cache import cache_directory
print(huggingface_hub.constants.HF_HOME)
print(cache_directory())
print(Path.home())
print(subprocess_run_mojo(["--print-cache-location"], capture_output=True).stdout.decode())
"""
    ended = run_python("-c", code, environment=image_environment() | {"PATH": os.environ["PATH"]})
    assert ended.returncode == 0, ended.stderr
    hub, ours, home, mojo = ended.stdout.split()
    assert hub == "/var/cache/max-sentiment/huggingface"
    assert ours == f"{CACHE}/max-sentiment"
    assert home == "/tmp"
    assert mojo == f"{CACHE}/.mojo_cache"


@pytest.mark.slow
def test_the_extension_is_built_for_any_processor(tmp_path: Path) -> None:
    source = tmp_path / "add.mojo"
    source.write_text('@export("add")\ndef add(a: Int, b: Int) -> Int:\n    return a + b\n')
    built = tmp_path / "add.ll"
    code = (
        "import sys; from mojo.run import subprocess_run_mojo;"
        "subprocess_run_mojo(['build', '--emit', 'llvm', '-o', *sys.argv[1:]], check=True)"
    )
    ended = run_python(
        *["-c", code, built, source],
        environment={
            "MODULAR_MOJO_MAX_DRIVER_PATH": str(DEPLOY / "image" / "mojo-for-any-processor")
        },
    )
    assert ended.returncode == 0, ended.stderr
    expected = "x86-64-v3" if os.uname().machine == "x86_64" else "generic"
    assert set(re.findall(r'"target-cpu"="([^"]*)"', built.read_text())) == {expected}
