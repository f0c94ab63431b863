"""Fixtures of the tests of commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from scored_files import Ended, Score

from distilbert_sentiment_arch.cli.main import main


@pytest.fixture
def score(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Score:
    """Runs the command with a word list, in this process."""

    def run(*arguments: str | Path, output: str | Path = tmp_path / "out") -> Ended:
        command = ["score", *map(str, arguments), "--output", str(output)]
        if "--model" not in command:
            command += ["--model", "afinn-111"]
        status = main(command)
        return Ended(status, *capfd.readouterr())

    return run
