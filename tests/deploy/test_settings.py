"""Variables and flags in the manifests: each is one that the process reads."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import fields

import pod_sandbox
import pytest
from commands import ROOT, run_python
from deployment import gateway_settings
from manifests import (
    COMBINATIONS,
    container,
    init_containers,
    needs_tools,
    pods,
    rendered,
)

from distilbert_sentiment_arch.cli.main import _parser
from distilbert_sentiment_arch.lexicon import settings as lexicon_settings
from distilbert_sentiment_arch.settings import api_keys
from distilbert_sentiment_arch.settings.limits import Limits, environment_variable

pytestmark = needs_tools

OURS = {
    *(environment_variable(each.name) for each in fields(Limits)),
    *(api_keys.KEYS, api_keys.KEYS_FILE),
    *(lexicon_settings.FALLBACK, lexicon_settings.LEXICON, lexicon_settings.WORD_LISTS),
    *(lexicon_settings.NEUTRAL_BAND, lexicon_settings.MODIFIERS),
    "MODULAR_CACHE_DIR",  # compile_cache
}

# Variables of MAX and huggingface_hub, read from their sources, because importing takes seconds.
ASK_THE_LIBRARIES = """
import inspect, json, re
import click
from huggingface_hub import constants
from max._entrypoints.pipelines import main
from max.serve.config import Settings
serve = main.get_command(None, "serve")
print(json.dumps({
    "variables": [field.alias for field in Settings.model_fields.values()]
        + re.findall(r'"(HF_\\w+)"', inspect.getsource(constants)),
    "flags": re.findall(r"--[a-z][\\w-]+", serve.get_help(click.Context(serve))),
}))
"""


@pytest.fixture(scope="module")
def of_the_libraries() -> dict[str, set[str]]:
    ended = run_python("-c", ASK_THE_LIBRARIES)
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout.splitlines()[-1])
    return {name: set(values) for name, values in answer.items()}


def flags_of(command: str) -> set[str]:
    """Returns the flags of one of our commands."""
    (commands,) = (
        action.choices
        for action in _parser()._actions
        if isinstance(action.choices, dict) and command in action.choices
    )
    return {flag for action in commands[command]._actions for flag in action.option_strings}


@pytest.mark.slow
def test_every_variable_is_read(of_the_libraries: dict[str, set[str]]) -> None:
    gateway = gateway_settings().keys()
    for combination in COMBINATIONS:
        for name, pod in pods(rendered(combination)).items():
            known = gateway if name.endswith("-gateway") else OURS | of_the_libraries["variables"]
            for each in (container(pod), *init_containers(pod)):
                found = [variable["name"] for variable in each.get("env", [])]
                assert set(found) <= known
                assert len(set(found)) == len(found)


@pytest.mark.slow
def test_every_flag_is_one_of_the_command(of_the_libraries: dict[str, set[str]]) -> None:
    for combination in COMBINATIONS:
        for name, pod in pods(rendered(combination)).items():
            if name.endswith("-gateway"):
                continue
            for each in (container(pod), *init_containers(pod)):
                command, *arguments = each["args"]
                known = flags_of(command)
                if command == "serve":
                    known |= of_the_libraries["flags"]
                for argument in arguments:
                    flag, equals, _ = argument.partition("=")
                    assert equals, f"{argument}: written as --flag=value everywhere"
                    assert flag in known


def test_the_drain_limit_is_the_default_of_serve() -> None:
    from distilbert_sentiment_arch.cli.serve import serve_environment

    variable = "MAX_SERVE_GRACEFUL_SHUTDOWN_TIMEOUT_S"
    by_default = serve_environment({})[variable]
    for combination in COMBINATIONS:
        server = pods(rendered(combination))["max-sentiment"]
        assert {"name": variable, "value": by_default} in container(server)["env"]


def test_pods_are_run_with_the_environment_of_the_image() -> None:
    containerfile = ROOT / "deploy" / "image" / "Containerfile"
    final = containerfile.read_text().replace("\\\n", " ").rpartition("\nFROM ")[2]
    instructions = dict(re.findall(r"^(ENV|ENTRYPOINT|USER) +(.*)$", final, re.MULTILINE))
    environment = dict(each.split("=", 1) for each in shlex.split(instructions["ENV"]))
    assert environment == pod_sandbox.ENVIRONMENT
    assert json.loads(instructions["ENTRYPOINT"]) == pod_sandbox.ENTRYPOINT
    for combination in COMBINATIONS:
        server = pods(rendered(combination))["max-sentiment"]["spec"]["securityContext"]
        assert instructions["USER"] == f"{server['runAsUser']}:{server['runAsGroup']}"
