"""Flags of ``max-sentiment mcp``."""

from __future__ import annotations

import argparse

import pytest

from distilbert_sentiment_arch.cli.mcp_flags import add_mcp


def parsed(*flags: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_mcp(parser.add_subparsers())
    return parser.parse_args(["mcp", *flags])


def test_the_defaults_are_this_machine_alone() -> None:
    found = parsed()
    assert (found.http, found.host, found.port) == (False, "127.0.0.1", 8020)
    assert (found.allowed_host, found.max_sessions) == ([], 256)
    assert not [name for name, value in vars(found).items() if name.startswith("MAX_") and value]


def test_hosts_are_collected() -> None:
    found = parsed("--allowed-host", "a.example", "--allowed-host", "b.example:1")
    assert found.allowed_host == ["a.example", "b.example:1"]


@pytest.mark.parametrize(
    "flags",
    [("--port", "65536"), ("--port", "-1"), ("--max-sessions", "0"), ("--no-page",)],
    ids=str,
)
def test_what_makes_no_sense_is_refused(
    flags: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parsed(*flags)
    assert flags[0] in capsys.readouterr().err
