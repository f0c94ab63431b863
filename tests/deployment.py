"""Readers of files in deploy/: Containerfile, systemd units, compose.yaml, gateway settings."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from commands import ROOT

DEPLOY = ROOT / "deploy"


@dataclass(frozen=True)
class Instruction:
    """One instruction of the Containerfile; ``stage`` counts the FROMs before it, from 0."""

    stage: int
    name: str
    value: str

    @property
    def words(self) -> list[str]:
        """The words of the value: a JSON array, or split as by the shell."""
        if self.value.startswith("["):
            return [str(word) for word in json.loads(self.value)]
        return shlex.split(self.value)


@cache
def containerfile() -> list[Instruction]:
    text = (DEPLOY / "image" / "Containerfile").read_text()
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    found: list[Instruction] = []
    stage = -1
    for line in filter(str.strip, lines):
        name, value = line.split(maxsplit=1)
        stage += name == "FROM"
        found.append(Instruction(stage, name, value.strip()))
    return found


def in_the_image(name: str) -> list[Instruction]:
    """Instructions of the last stage."""
    last = containerfile()[-1].stage
    return [each for each in containerfile() if each.stage == last and each.name == name]


def image_environment() -> dict[str, str]:
    return dict(word.split("=", 1) for each in in_the_image("ENV") for word in each.words)


@cache
def unit(name: str) -> dict[str, list[str]]:
    """Settings of a unit file, whatever their section; those given twice have two values."""
    settings: dict[str, list[str]] = {}
    for line in (DEPLOY / "systemd" / f"{name}.service").read_text().splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            settings.setdefault(key, []).append(value)
    return settings


@cache
def compose() -> dict[str, Any]:
    text = (DEPLOY / "compose" / "compose.yaml").read_text()
    found: dict[str, Any] = yaml.safe_load(text)
    return found


@cache
def gateway_settings() -> dict[str, str | None]:
    """Variables that deploy/gateway/run names, with their defaults if they have one."""
    text = (DEPLOY / "gateway" / "run").read_text()
    defaults = dict(re.findall(r'"\$\{([A-Z_]+):=(\d+)\}"', text))
    return {name: defaults.get(name) for name in re.findall(r"^# ([A-Z_]+)  ", text, re.MULTILINE)}


def bytes_of(size: str) -> int:
    """Returns the bytes of a size as systemd (2G) and compose (2g) write it."""
    return int(size[:-1]) << {"k": 10, "m": 20, "g": 30}[size[-1].lower()]


def seconds_of(time: str) -> float:
    """Returns the seconds of a time as systemd (45) and compose (45s) write it."""
    return float(time.removesuffix("s"))
