"""`max-sentiment serve`: the `max serve` command line and environment that it builds."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.cli.serve import (
    check_ports_of_max,
    max_serve_arguments,
    serve_environment,
)
from distilbert_sentiment_arch.errors import PortInUse
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY, PACKAGE
from scripts import checkpoints


def default_arguments(*flags: str) -> list[str]:
    return max_serve_arguments(find_checkpoint(None, FAMILIES), flags)


def test_embedded_default_on_a_cpu() -> None:
    assert default_arguments() == [
        "serve",
        *["--model", str(DEFAULT_DIRECTORY)],
        *["--served-model-name", "distilbert-minilm-l6-sst2"],
        *["--custom-architectures", str(PACKAGE)],
        *["--devices", "cpu"],
        *["--max-batch-size", "64"],
        "--no-enable-prefix-caching",
        *["--quantization-encoding", "float32"],
        *["--weight-path", str(DEFAULT_DIRECTORY / "model.safetensors")],
    ]


@pytest.mark.parametrize("flags", [["--devices", "gpu:0"], ["--devices=gpu:0"]])
def test_another_device_is_used_where_it_is_asked_for(flags: list[str]) -> None:
    arguments = default_arguments(*flags)
    assert arguments[-len(flags) :] == flags
    assert "cpu" not in arguments
    # MAX would choose bfloat16 for an accelerator.
    assert arguments[arguments.index("--quantization-encoding") + 1] == "float32"
    assert "--weight-path" in arguments


@pytest.mark.parametrize("flags", [["--devices", "cpu"], ["--devices=cpu"]])
def test_the_default_device_may_be_asked_for(flags: list[str]) -> None:
    arguments = default_arguments(*flags)
    assert "--quantization-encoding" in arguments
    assert arguments[-len(flags) :] == flags


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        ([], "computing on the CPU, the default (--devices gpu:0 chooses the first GPU)"),
        (["--devices", "cpu"], "computing on cpu, the value of --devices"),
        (["--devices=gpu:1"], "computing on gpu:1, the value of --devices"),
    ],
)
def test_the_device_and_why_are_printed(
    capsys: pytest.CaptureFixture[str], flags: list[str], line: str
) -> None:
    assert main(["serve", "--dry-run", *flags]) == 0
    assert capsys.readouterr().err == f"max-sentiment: {line}\n"


def test_a_flag_of_the_caller_replaces_the_default() -> None:
    arguments = default_arguments("--max-batch-size=4", "--port", "9000", "--log-prefix", "a b")
    assert "--max-batch-size" not in arguments
    assert arguments[-4:] == ["--port", "9000", "--log-prefix", "a b"]
    assert arguments.count("--max-batch-size=4") == 1


def test_every_shard_is_named(checkpoint: Callable[..., Path]) -> None:
    directory = checkpoint()
    (directory / "model.safetensors").unlink()
    tensors = checkpoints.random_tensors(checkpoints.random_config())
    checkpoints.save_shards(directory, tensors, 3, "F16")
    found = find_checkpoint(str(directory), FAMILIES)
    arguments = max_serve_arguments(found, [])
    assert arguments.count("--weight-path") == 3


def test_dry_run_prints_a_line_for_the_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--dry-run", "--port", "9000"]) == 0
    printed = shlex.split(capsys.readouterr().out)
    assert printed[printed.index("max") + 1] == "serve"
    assert printed[-2:] == ["--port", "9000"]


def test_limits_and_keys_become_environment(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    limits = ["--max-inputs", "5", "--deadline-s", "2.5", "--max-body-bytes", "1000"]
    keys = tmp_path / "a b"
    keys.write_text("secret\n")
    assert main(["serve", "--dry-run", *limits, "--api-keys-file", str(keys)]) == 0
    printed = shlex.split(capsys.readouterr().out)
    environment = dict(each.split("=", 1) for each in printed[: printed.index("max")])
    assert environment["MAX_SENTIMENT_MAX_INPUTS"] == "5"
    assert environment["MAX_SENTIMENT_DEADLINE_S"] == "2.5"
    assert environment["MAX_SENTIMENT_API_KEYS_FILE"] == str(keys)
    assert environment["MAX_SERVE_MAX_REQUEST_BYTES"] == "1000"


@pytest.mark.parametrize("value", ["0", "-1", "many", "inf", "nan"])
def test_an_invalid_limit(capsys: pytest.CaptureFixture[str], value: str) -> None:
    assert main(["serve", "--dry-run", "--deadline-s", value]) == 1
    assert "MAX_SENTIMENT_DEADLINE_S" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"# none\n", b"\xff\xfe"])
def test_invalid_keys(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes | None
) -> None:
    keys = tmp_path / "keys"
    if content is not None:
        keys.write_bytes(content)
    assert main(["serve", "--dry-run", "--api-keys-file", str(keys)]) == 1
    assert main(["serve", "--dry-run", "--api-keys-file", ""]) == 1
    assert "MAX_SENTIMENT_API_KEYS_FILE" in capsys.readouterr().err


def test_the_precision_becomes_environment(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--dry-run", "--precision", "int8"]) == 0
    assert "MAX_SENTIMENT_PRECISION=int8 " in capsys.readouterr().out
    assert main(["serve", "--dry-run"]) == 0
    assert "MAX_SENTIMENT_PRECISION" not in capsys.readouterr().out


def test_an_invalid_precision(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--dry-run", "--precision", "int4"])
    assert "float32, bfloat16x3, bfloat16, int8, auto" in capsys.readouterr().err.replace("'", "")
    monkeypatch.setenv("MAX_SENTIMENT_PRECISION", "int4")
    for command in ("serve", "classify"):
        assert main([command, "--dry-run"] if command == "serve" else [command, "a text"]) == 1
        message = capsys.readouterr().err
        assert "MAX_SENTIMENT_PRECISION is 'int4'" in message
        assert message.count("\n") == 1


@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_an_invalid_body_limit(value: str) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--dry-run", "--max-body-bytes", value])


def test_cpu_as_the_value_of_another_flag_is_no_device() -> None:
    arguments = default_arguments("--served-model-name", "cpu", "--devices", "gpu:0")
    assert arguments.count("--devices") == 1


def test_environment_of_the_server() -> None:
    wanted = serve_environment({})
    assert wanted == {
        "HF_HUB_OFFLINE": "1",
        "MAX_SERVE_GRACEFUL_SHUTDOWN_TIMEOUT_S": "30",
        "MAX_SERVE_MAX_REQUEST_BYTES": "8388608",
        "MAX_SERVE_METRIC_RECORDING_METHOD": "SYNC",
        "OTEL_SDK_DISABLED": "true",
    }
    assert serve_environment(dict.fromkeys(wanted, "set")) == {}


def test_telemetry_stays_on_where_an_exporter_is_named() -> None:
    assert "OTEL_SDK_DISABLED" not in serve_environment(
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318"}
    )


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another socket listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("spelling", [["--port", "{}"], ["--port={}"], ["--port=1", "--port={}"]])
@pytest.mark.parametrize("host", [["--host", "127.0.0.1"], ["--host=127.0.0.2"], []])
def test_a_port_in_use_is_one_line_before_anything_is_loaded(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    taken: int,
    spelling: list[str],
    host: list[str],
) -> None:
    monkeypatch.setattr("distilbert_sentiment_arch.cli.serve.find_checkpoint", None)
    assert main(["serve", *host, *(each.format(taken) for each in spelling)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    address = "127.0.0.1" if host == ["--host", "127.0.0.1"] else "0.0.0.0"
    assert line == (
        f"max-sentiment: port {taken} is in use on {address}. Stop what listens there, or pass "
        "--port."
    )


@pytest.mark.parametrize(
    ("variable", "remedy"),
    [
        ("MAX_SERVE_PORT", "pass --port"),
        ("MAX_SERVE_METRICS_ENDPOINT_PORT", "set MAX_SERVE_METRICS_ENDPOINT_PORT"),
    ],
)
def test_ports_are_read_from_the_environment(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    taken: int,
    variable: str,
    remedy: str,
) -> None:
    monkeypatch.setenv("MAX_SERVE_PORT", "1")
    monkeypatch.setenv(variable, str(taken))
    monkeypatch.setenv("MAX_SERVE_HOST", "127.0.0.1")
    assert main(["serve"]) == 1
    error = capsys.readouterr().err
    assert f"port {taken} is in use on 127.0.0.1" in error
    assert f"or {remedy}." in error


def test_one_port_for_requests_and_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "8001"]) == 1
    assert "port 8001 is asked for twice" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "environment"),
    [
        (["--port", "many"], {}),
        (["--port", "{}", "--headless"], {}),
        (["--port", "1"], {"METRICS_ENDPOINT_PORT": "{}", "DISABLE_TELEMETRY": "1"}),
    ],
)
def test_ports_that_may_not_be_used_are_not_checked(
    taken: int, flags: list[str], environment: dict[str, str]
) -> None:
    check_ports_of_max(
        [each.format(taken) for each in flags],
        {f"MAX_SERVE_{name}": value.format(taken) for name, value in environment.items()},
    )


def test_ports_are_not_checked_if_a_file_may_name_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PortInUse):
        check_ports_of_max([], {"MAX_SERVE_PORT": str(taken)})
    (tmp_path / ".env").write_text("MAX_SERVE_PORT=1\n")
    check_ports_of_max([], {"MAX_SERVE_PORT": str(taken)})


def test_the_page_is_turned_off_by_flag_or_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["serve", "--dry-run", "--no-page"]) == 0
    assert "MAX_SENTIMENT_PAGE=off " in capsys.readouterr().out
    assert main(["serve", "--dry-run"]) == 0
    assert "MAX_SENTIMENT_PAGE" not in capsys.readouterr().out
    monkeypatch.setenv("MAX_SENTIMENT_PAGE", "none")
    assert main(["serve", "--dry-run"]) == 1
    assert "MAX_SENTIMENT_PAGE is 'none'" in capsys.readouterr().err
