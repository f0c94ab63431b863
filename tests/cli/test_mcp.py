"""``max-sentiment mcp``: what ends the command before it serves."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT, run, run_python

CLI = "distilbert_sentiment_arch.cli"


def mcp(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_python("-m", CLI, "mcp", *arguments)


def test_a_closed_input_ends_it_with_nothing_on_stdout() -> None:
    ended = mcp("--model", "afinn-111")
    assert (ended.returncode, ended.stdout) == (0, "")


@pytest.mark.parametrize("transport", [(), ("--http", "--port", "0")], ids=["stdio", "http"])
def test_a_checkpoint_that_cannot_be_served_is_refused(
    transport: tuple[str, ...], tmp_path: Path
) -> None:
    ended = mcp(*transport, "--model", str(tmp_path))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "config.json" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--max-inputs", "0"), "MAX_SENTIMENT_MAX_INPUTS is '0', not a positive int."),
        (("--lexicon", "none"), "MAX_SENTIMENT_LEXICON is 'none'"),
        (("--http", "--host", "0.0.0.0"), "is reached from other machines, and no API key"),
        (("--api-keys-file", "/nowhere", "--http"), "/nowhere is not readable"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_named(flags: tuple[str, ...], message: str) -> None:
    ended = mcp("--model", "afinn-111", *flags)
    assert ended.returncode == 1
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = mcp("--model", "afinn-111", "--http", "--port", str(port))
    assert ended.returncode == 1
    assert f"port {port} is in use on 127.0.0.1" in ended.stderr


def test_a_closed_stream_is_named() -> None:
    ended = run("sh", "-c", f'exec "{sys.executable}" -m {CLI} mcp --model afinn-111 <&-')
    assert ended.returncode == 1
    assert "Standard input and output are for a client, and one of them is closed" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_who_starts_it_in_a_terminal_is_told_what_it_waits_for() -> None:
    terminal, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", CLI, "mcp", "--model", "afinn-111"],
        stdin=other,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    os.close(other)
    try:
        assert process.stderr is not None
        assert "waiting for messages of a client" in process.stderr.readline()
    finally:
        process.kill()
        process.communicate()
        os.close(terminal)


def test_a_word_list_needs_no_max() -> None:
    code = (
        "import sys; from distilbert_sentiment_arch.cli import main;"
        "assert main(['mcp', '--model', 'afinn-111']) == 0;"
        "assert 'max' not in sys.modules"
    )
    ended = run_python("-c", code)
    assert ended.returncode == 0, ended.stderr
