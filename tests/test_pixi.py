"""pixi.toml: the packages of pyproject.toml, on the platforms for which MAX has wheels.

pixi itself comes from no registry that these tests use. uv, which pixi resolves PyPI packages with,
resolves them here for each platform.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest
from commands import ROOT, run

from distilbert_sentiment_arch.settings.defaults import VERSION

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PIXI = tomllib.loads((ROOT / "pixi.toml").read_text())
GLIBC = PIXI["system-requirements"]["libc"]["version"].replace(".", "_")

PLATFORMS = {
    "linux-64": f"x86_64-manylinux_{GLIBC}",
    "linux-aarch64": f"aarch64-manylinux_{GLIBC}",
    "osx-arm64": "aarch64-apple-darwin",
}
"""uv's names of pixi's platforms."""

UNREACHABLE = ("Failed to fetch", "Could not connect", "error sending request", "dns error")


def resolve(platform: str) -> subprocess.CompletedProcess[str]:
    """Resolves the PyPI packages of pixi.toml from wheels of a platform, as pixi does.

    On Linux constrained to the versions of the lock, which is faster: if they have wheels, pixi
    finds some. On macOS 13 it finds older ones of two packages.
    """
    versions = "--constraint requirements.lock" if "manylinux" in platform else ""
    ended = run(
        "bash",
        "-c",
        'source scripts/environment; need_uv; "${UV[@]}" pip compile --quiet --no-config '
        f"pyproject.toml --group dev {versions} --no-header --no-annotate --only-binary :all: "
        "--no-binary afinn "  # pure Python, published as source only
        f"--python-version {python_version()} --python-platform {platform}",
    )
    if any(sign in ended.stderr for sign in UNREACHABLE):
        pytest.skip("the package registry cannot be reached")
    return ended


def python_version() -> str:
    match = re.fullmatch(r"(3\.\d+)\.\*", PIXI["dependencies"]["python"])
    assert match is not None
    return match[1]


def test_the_package_itself_is_installed_with_the_development_tools() -> None:
    packages = dict(PIXI["pypi-dependencies"])
    assert packages.pop(PYPROJECT["project"]["name"]) == {"path": ".", "editable": True}
    stated = set()
    for name, value in packages.items():
        entry = value if isinstance(value, dict) else {"version": value}
        extras = f"[{','.join(entry['extras'])}]" if "extras" in entry else ""
        stated.add(f"{name}{extras}{entry['version']}")
    groups = PYPROJECT["dependency-groups"]
    developing = {entry for entry in groups["dev"] if isinstance(entry, str)}
    assert stated == developing | set(groups["ray"])
    assert {"include-group": "ray"} in groups["dev"]
    assert PIXI["workspace"]["version"] == VERSION


def test_python_is_pinned_to_one_supported_version() -> None:
    least, most = re.findall(r"3\.(\d+)", PYPROJECT["project"]["requires-python"])
    assert int(least) <= int(python_version().removeprefix("3.")) < int(most)


def test_the_python_of_pixi_is_the_first_choice_of_the_scripts() -> None:
    listed = re.search(r"for name in (python3\.\d+)", (ROOT / "scripts/environment").read_text())
    assert listed is not None
    assert listed[1] == f"python{python_version()}"


@pytest.mark.parametrize("platform", PIXI["workspace"]["platforms"])
def test_every_platform_has_wheels_of_all_packages(platform: str) -> None:
    ended = resolve(PLATFORMS[platform])
    assert ended.returncode == 0, ended.stderr
    assert "max==26.7.0" in ended.stdout
    assert ("max-shmem-libs==26.7.0" in ended.stdout) == (platform == "linux-64")


@pytest.mark.parametrize("platform", ["x86_64-manylinux_2_28", "x86_64-apple-darwin"])
def test_undeclared_platforms_lack_wheels(platform: str) -> None:
    # pixi assumes glibc 2.28 for Linux unless another is declared, and would find no solution.
    ended = resolve(platform)
    assert ended.returncode == 1
    assert "max[serve]==26.7.0 has no wheels with a matching platform tag" in ended.stderr


def test_every_task_is_a_script() -> None:
    for name, command in PIXI["tasks"].items():
        assert command == f"./scripts/{name}"
        assert (ROOT / "scripts" / name).exists()


def test_the_schema_of_pixi_accepts_it() -> None:
    ended = run(
        sys.executable,
        *("-m", "check_jsonschema", "--schemafile", ROOT / "tests/schemas/pixi.json"),
        ROOT / "pixi.toml",
    )
    assert ended.returncode == 0, ended.stdout
