"""`max-sentiment doctor`: what it prints, and its exit status."""

from __future__ import annotations

import json
import os
import socket

import pytest
from doctor_answers import FIT

from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.doctor import examination
from distilbert_sentiment_arch.settings.precision import PRECISION
from scripts.server_process import free_ports


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What is asked of processes of their own, which all answer well here."""
    found: list[tuple[object, ...]] = []

    def ask_all(*arguments: object) -> object:
        found.append(arguments)
        return FIT

    monkeypatch.setattr(examination, "ask_all", ask_all)
    monkeypatch.setenv(PRECISION, "float32")  # and removed again, where a flag sets another
    return found


def local(port: int) -> list[str]:
    return ["--host", "127.0.0.1", "--port", str(port), "--metrics-port", "0"]


def test_lines_for_readers(capsys: pytest.CaptureFixture[str]) -> None:
    (port,) = free_ports(1)
    status = main(["doctor", *local(port)])
    *lines, blank, verdict = capsys.readouterr().out.splitlines()
    levels = {line.split()[0] for line in lines}
    assert levels <= {"ok", "warning"}
    assert (status, blank) == (3 if "warning" in levels else 0, "")
    assert verdict.startswith("fit")
    assert "\033" not in "".join(lines)


def test_an_object_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        status = main(["doctor", "--json", *local(listening.getsockname()[1])])
    report = json.loads(capsys.readouterr().out)
    assert status == report["exit_status"] == 4
    assert report["verdict"] == "unfit"
    (api,) = (each for each in report["findings"] if each["name"] == "ports.api")
    assert api["level"] == "unfit"


def test_flags_are_those_of_the_server(
    asked: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    model = ["--model", "a/model", "--revision", "v1", "--devices", "GPU:1", "--timeout", "5"]
    main(["doctor", *model, "--precision", "int8"])
    assert asked == [("a/model", "v1", "gpu:1", 5)]
    assert os.environ[PRECISION] == "int8"


def test_ports_are_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv("MAX_SERVE_HOST", "127.0.0.1")
    monkeypatch.setenv("MAX_SERVE_PORT", str(port))
    monkeypatch.setenv("MAX_SERVE_DISABLE_TELEMETRY", "1")
    main(["doctor", "--json"])
    findings = {each["name"]: each for each in json.loads(capsys.readouterr().out)["findings"]}
    assert findings["ports.api"]["found"] == f"{port} on 127.0.0.1"
    assert "ports.metrics" not in findings


@pytest.mark.parametrize("flags", [["--port", "many"], ["--unknown"], ["--timeout"]])
def test_wrong_flags_have_a_status_of_their_own(flags: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *flags])
    assert ended.value.code == 2
