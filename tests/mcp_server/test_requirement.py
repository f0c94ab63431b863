"""The command without the SDK of the protocol."""

from __future__ import annotations

from commands import run_python


def test_the_command_names_what_installs_the_sdk() -> None:
    code = """
import importlib.util, sys
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "mcp" else real(name, *more)
from distilbert_sentiment_arch.cli import main
sys.exit(main(["mcp"]))
"""
    ended = run_python("-c", code)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "pip install 'max-sentiment[mcp]'" in ended.stderr
    assert "Traceback" not in ended.stderr
