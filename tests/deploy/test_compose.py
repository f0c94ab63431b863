"""compose.yaml: schema, hardening, and consistency with the image and the gateway."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import Any

import pytest
from commands import run_python
from deployment import DEPLOY, compose, gateway_settings, in_the_image, seconds_of

from distilbert_sentiment_arch.cli.serve import serve_environment
from distilbert_sentiment_arch.settings.defaults import VERSION

SERVICES: dict[str, dict[str, Any]] = compose()["services"]
SERVERS = ("model", "lexicon")
API_PORT = in_the_image("EXPOSE")[0].words[0]

each_service = pytest.mark.parametrize("service", SERVICES)


def test_is_a_compose_file() -> None:
    ended = run_python(
        *["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"],
        DEPLOY / "compose" / "compose.yaml",
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@each_service
def test_is_hardened(service: str) -> None:
    settings = SERVICES[service]
    assert settings["read_only"] is True
    assert settings["cap_drop"] == ["ALL"]
    assert settings["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc"} & settings.keys()
    for mount in settings["tmpfs"]:
        assert re.search(r"size=\d+m,noexec,nosuid,nodev$", mount)
    assert all(each.endswith(":ro") for each in settings.get("volumes", []))


@each_service
def test_memory_limits_allow_no_swap(service: str) -> None:
    settings = SERVICES[service]
    assert settings["memswap_limit"] == settings["mem_limit"]


@pytest.mark.parametrize("service", SERVERS)
def test_servers_run_the_image_with_an_existing_command(service: str) -> None:
    settings = SERVICES[service]
    assert settings["image"] == f"max-sentiment:${{VERSION:-{VERSION}}}"
    ended = run_python("-m", "distilbert_sentiment_arch.cli", *settings["command"], "--help")
    assert ended.returncode == 0, ended.stderr
    assert not {"user", "entrypoint", "healthcheck"} & settings.keys()  # the image contains them


@pytest.mark.parametrize("service", SERVERS)
def test_paths_that_the_image_writes_to_are_writable(service: str) -> None:
    places = {mount.split(":")[0] for mount in SERVICES[service]["tmpfs"]}
    assert places == {"/tmp", "/var/cache/max-sentiment"}


@pytest.mark.parametrize("service", SERVERS)
def test_requests_in_flight_may_finish_at_the_stop(service: str) -> None:
    drain = float(serve_environment({})["MAX_SERVE_GRACEFUL_SHUTDOWN_TIMEOUT_S"])
    assert seconds_of(SERVICES[service]["stop_grace_period"]) > drain


def test_the_gateway_waits_as_long_as_its_slowest_answer() -> None:
    gateway = SERVICES["gateway"]
    slowest = gateway_settings() | gateway["environment"]
    assert seconds_of(gateway["stop_grace_period"]) > float(slowest["ANSWER_TIMEOUT_S"])
    assert (
        SERVICES["gateway"]["stop_signal"] == "SIGQUIT"
    )  # nginx finishes requests in flight first


def test_the_gateway_is_pinned_and_has_the_files_and_settings_it_needs() -> None:
    gateway = SERVICES["gateway"]
    assert re.fullmatch(r"\S+/nginx:\d+\.\d+\.\d+-\w+@sha256:[0-9a-f]{64}", gateway["image"])
    assert {"MODEL_SERVER", "LEXICON_SERVER", "LISTEN"} <= gateway["environment"].keys()
    assert gateway["environment"].keys() <= gateway_settings().keys()
    (volume,) = gateway["volumes"]
    source, target, _ = volume.split(":")
    directory = (DEPLOY / "compose" / source).resolve()
    (entrypoint,) = gateway["entrypoint"]
    assert os.access(directory / entrypoint.removeprefix(f"{target}/"), os.X_OK)


def test_the_gateway_finds_the_servers() -> None:
    environment = SERVICES["gateway"]["environment"]
    addresses = {name: SERVICES[name]["networks"]["default"]["ipv4_address"] for name in SERVERS}
    assert environment["MODEL_SERVER"] == f"{addresses['model']}:{API_PORT}"
    assert environment["LEXICON_SERVER"] == f"{addresses['lexicon']}:{API_PORT}"
    (subnet,) = compose()["networks"]["default"]["ipam"]["config"]
    network = ipaddress.ip_network(subnet["subnet"])
    assert network.is_private
    # The first address is the bridge's own; one more is left for the gateway.
    hosts = {str(host) for host in list(network.hosts())[1:]}
    assert set(addresses.values()) < hosts


def test_only_the_gateway_is_published_and_on_loopback_only() -> None:
    assert [name for name, settings in SERVICES.items() if "ports" in settings] == ["gateway"]
    (port,) = SERVICES["gateway"]["ports"]
    assert port == "${LISTEN:-127.0.0.1:8080}:" + SERVICES["gateway"]["environment"]["LISTEN"]
