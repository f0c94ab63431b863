"""`scripts/image`: the build command that it runs with each container engine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from commands import ROOT, run

from distilbert_sentiment_arch.settings.defaults import VERSION


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH without any container engine."""
    for tool in ("bash", "dirname", "git", "sed"):
        (tmp_path / tool).symlink_to(
            next(
                Path(directory, tool)
                for directory in os.environ["PATH"].split(os.pathsep)
                if Path(directory, tool).exists()
            )
        )
    return tmp_path


@pytest.mark.parametrize("engine", ["podman", "buildah", "docker"])
@pytest.mark.parametrize(
    ("argument", "variant"),
    [
        *[("GPU=x", "-gpu"), ("BASE=x", ""), ("EXTRA=", "")],
        *[("EXTRA=score", "-score"), ("EXTRA=ray", "-ray")],
    ],
)
def test_builds_this_version_of_the_containerfile(
    path: Path, engine: str, argument: str, variant: str
) -> None:
    fake = path / engine
    fake.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    fake.chmod(0o755)
    ended = run(
        ROOT / "scripts" / "image", "--build-arg", argument, environment={"PATH": str(path)}
    )
    assert ended.returncode == 0, ended.stderr
    words = ended.stdout.splitlines()
    assert words[words.index("--tag") + 1] == f"max-sentiment:{VERSION}{variant}"
    assert (ROOT / words[words.index("--file") + 1]).is_file()
    assert f"VERSION={VERSION}" in words
    assert words[-3:] == ["--build-arg", argument, "."]
    assert ("docker" in words) == (
        engine != "docker"
    )  # --format docker, because the OCI format has no HEALTHCHECK


def test_no_engine(path: Path) -> None:
    ended = run(ROOT / "scripts" / "image", environment={"PATH": str(path)})
    assert ended.returncode == 1
    assert "neither podman, buildah nor docker" in ended.stderr
