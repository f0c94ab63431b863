"""Maximum memory and disk of the gateway, compared with the limits of its pod and container."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from deployment import DEPLOY, bytes_of, compose, gateway_settings
from manifests import Combination, container, needs_tools, pods, rendered

MIB = 2**20
OF_NGINX = 32 * MIB
"""Processes without a request in hand; 6 MiB of them were measured (test_gateway_limits.py)."""


def directive(name: str) -> list[str]:
    """Returns the arguments of a directive that occurs once."""
    text = (DEPLOY / "gateway" / "nginx.conf.template").read_text()
    (found,) = re.findall(rf"^ *{name} (.*);$", text, re.MULTILINE)
    return str(found).split()


def product(arguments: list[str]) -> int:
    count, size = arguments
    return int(count) * bytes_of(size)


def room(environment: Mapping[str, str | int]) -> tuple[int, int]:
    """Returns the maximum bytes of memory and of temporary files that a gateway uses."""
    settings = gateway_settings() | dict(environment)
    connections, large = (int(settings[name] or 0) for name in ("CONNECTIONS", "LARGE_BODIES"))
    (in_memory,), (answer_head,) = map(directive, ("client_body_buffer_size", "proxy_buffer_size"))
    # A body that exceeds the buffer by up to a quarter gets a larger one (ngx_http_request_body.c).
    body = bytes_of(in_memory) * 5 // 4
    (per_worker,) = directive("worker_connections")
    heads = int(settings["WORKERS"] or 0) * int(per_worker)
    head = product(directive("large_client_header_buffers"))
    answer = bytes_of(answer_head) + product(directive("proxy_buffers"))
    (largest,), (aside,) = map(directive, ("client_max_body_size", "proxy_max_temp_file_size"))
    return (
        OF_NGINX + heads * head + connections * (body + answer),
        large * bytes_of(largest) + connections * bytes_of(aside),
    )


def test_large_bodies_are_those_that_do_not_fit_the_memory_buffer() -> None:
    (in_memory,) = directive("client_body_buffer_size")
    assert bytes_of(in_memory) > 99_999  # the largest number of five digits


def test_the_maximum_is_the_one_stated_in_comments() -> None:
    memory, files = room({})
    assert 400 * MIB < memory < 430 * MIB
    assert files == 1024 * MIB


@needs_tools
@pytest.mark.parametrize("overlay", ["cpu", "gpu"])
def test_the_pod_has_room(overlay: str) -> None:
    pod = pods(rendered(Combination(overlay, ("gateway",))))["max-sentiment-gateway"]
    memory, files = room({each["name"]: each["value"] for each in container(pod)["env"]})
    limit = container(pod)["resources"]["limits"]["memory"]
    assert memory < bytes_of(limit.removesuffix("i"))
    (directory,) = (each for each in pod["spec"]["volumes"] if each["name"] == "tmp")
    # A pod that uses more is evicted.
    assert files < bytes_of(directory["emptyDir"]["sizeLimit"].removesuffix("i"))


def test_the_container_of_compose_has_room() -> None:
    gateway = compose()["services"]["gateway"]
    memory, files = room(gateway["environment"])
    (mount,) = gateway["tmpfs"]
    (size,) = re.findall(r"size=(\d+m)", mount)
    assert files < bytes_of(size)
    assert memory + bytes_of(size) < bytes_of(gateway["mem_limit"])
