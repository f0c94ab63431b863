"""`max-sentiment serve`: the `max serve` command line and environment that it builds."""

from __future__ import annotations

import shlex
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from distilbert_sentiment_arch.checkpoint.source import find_checkpoint
from distilbert_sentiment_arch.cli.main import main
from distilbert_sentiment_arch.cli.ready_check import Address
from distilbert_sentiment_arch.cli.serve import (
    Server,
    check_ports_of_max,
    flags_on,
    is_supervised,
    max_serve_arguments,
    serve_environment,
)
from distilbert_sentiment_arch.errors import PortInUse
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.machine.accelerators import find_accelerators
from distilbert_sentiment_arch.probe.kept import keep_verdict
from distilbert_sentiment_arch.probe.verdict import CLASSIFIER, RungVerdict
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY, PACKAGE
from distilbert_sentiment_arch.settings.device import DeviceFallback, DeviceUse, device_use
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
        (
            [],
            "computing on cpu: the default (--devices auto takes an accelerator whose probe "
            "passed)",
        ),
        (["--devices", "cpu"], "computing on cpu: the setting asks for it"),
        (["--devices=CPU"], "computing on cpu: the setting asks for it"),
    ],
)
def test_the_device_and_why_are_printed(
    capsys: pytest.CaptureFixture[str], flags: list[str], line: str
) -> None:
    assert main(["serve", "--dry-run", *flags]) == 0
    assert capsys.readouterr().err == f"max-sentiment: {line}\n"


@pytest.fixture
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path / "cache"))


def printed_by(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, str], list[str], str]:
    """Returns variables, command line and first line of the log of a dry run."""
    output = capsys.readouterr()
    words = shlex.split(output.out)
    place = words.index("max")
    variables = dict(each.split("=", 1) for each in words[:place])
    return variables, words[place:], output.err.splitlines()[0]


@pytest.mark.usefixtures("own_cache")
def test_auto_serves_on_the_cpu_until_a_probe_has_passed(
    capsys: pytest.CaptureFixture[str], report_accelerators: Callable[..., None]
) -> None:
    report_accelerators({"model": "Fast one"})
    assert main(["serve", "--dry-run", "--devices", "auto", "--port", "9000"]) == 0
    _, command, line = printed_by(capsys)
    assert line.startswith("max-sentiment: computing on cpu: gpu:0 (Fast one, cuda) was not probed")
    assert command[command.index("--devices") + 1] == "cpu"
    assert command.count("--devices") == 1
    assert "auto" not in command
    assert command[-2:] == ["--port", "9000"]
    assert "--weight-path" in command

    (accelerator,) = find_accelerators().found
    found = find_checkpoint(None, FAMILIES)
    keep_verdict(accelerator, found, RungVerdict("gpu:0", CLASSIFIER, "works"))
    assert main(["serve", "--dry-run", "--devices=auto"]) == 0
    variables, command, line = printed_by(capsys)
    assert line == (
        "max-sentiment: computing on gpu:0: gpu:0 (Fast one, cuda) passed its probe with this model"
    )
    assert command[command.index("--devices") + 1] == "gpu:0"
    assert command[command.index("--quantization-encoding") + 1] == "float32"
    use = device_use("gpu:0", variables)
    assert use is not None
    assert (use.requested, use.failed) == ("auto", ())

    # What passed in float32 says nothing of bfloat16.
    assert main(["serve", "--dry-run", "--devices", "auto", "--precision", "bfloat16"]) == 0
    _, command, line = printed_by(capsys)
    assert "was not probed with this model in bfloat16" in line
    assert command[command.index("--devices") + 1] == "cpu"


@pytest.mark.usefixtures("own_cache")
def test_gpu_is_a_gpu_or_an_error_before_anything_is_loaded(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    report_accelerators: Callable[..., None],
) -> None:
    report_accelerators({"model": "Fast one"})
    assert main(["serve", "--dry-run", "--devices", "gpu"]) == 0
    _, command, line = printed_by(capsys)
    assert line.startswith("max-sentiment: computing on gpu:0: the setting asks for it; gpu:0 (")
    assert command[command.index("--devices") + 1] == "gpu:0"
    monkeypatch.setattr("distilbert_sentiment_arch.cli.serve.find_checkpoint", None)
    assert main(["serve", "--devices", "gpu:1"]) == 1
    assert capsys.readouterr().err == (
        "max-sentiment: The device 'gpu:1' was asked for, and MAX finds gpu:0 (Fast one, cuda) in "
        "this machine. Take one of these, or cpu.\n"
    )
    assert main(["serve", "--devices", "cuda"]) == 1
    assert "The device 'cuda' is not known" in capsys.readouterr().err


def test_a_policy_that_cannot_be_kept_is_refused(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    checkpoint: Callable[..., Path],
) -> None:
    labels = {"id2label": {"0": "a", "1": "b"}}
    flags = ["--dry-run", "--model", str(checkpoint(**labels))]
    assert main(["serve", *flags, "--device-fallback", "cpu"]) == 0
    capsys.readouterr()
    assert main(["serve", *flags, "--device-fallback", "always"]) == 1
    assert capsys.readouterr().err == (
        "max-sentiment: --device-fallback always ends with the word list, which cannot answer with "
        "the labels a, b: it knows NEGATIVE, POSITIVE and NEUTRAL. Serve with --device-fallback "
        "cpu.\n"
    )
    monkeypatch.setenv("MAX_SENTIMENT_DEVICE_FALLBACK", "never")
    assert main(["serve", *flags]) == 1
    assert "MAX_SENTIMENT_DEVICE_FALLBACK is 'never'; possible are off" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("policy", "device", "stays"),
    [
        ("off", "cpu", False),
        ("off", "gpu:0", False),
        ("cpu", "cpu", False),
        ("cpu", "gpu:0", True),
        ("always", "cpu", True),
        ("always", "gpu:0", True),
    ],
)
def test_the_command_stays_only_where_something_is_to_follow(
    policy: DeviceFallback, device: str, stays: bool
) -> None:
    assert is_supervised(policy, device) is stays


def test_another_device_takes_the_place_of_the_one_that_was_asked_for() -> None:
    flags = ["--port", "9000", "--devices", "auto", "--log-prefix", "--devices", "--devices=auto"]
    assert flags_on("cpu", "auto", ["--port", "9", "--devices", "auto", "--a"]) == [
        *("--port", "9", "--a")
    ]
    assert flags_on("gpu:1", "gpu:1", flags) == flags
    assert flags_on("gpu:0", "gpu", ["--devices=gpu", "--port=9"]) == [
        *("--devices", "gpu:0", "--port=9")
    ]
    given = ["--devices", "auto", "--quantization-encoding", "bfloat16"]
    assert flags_on("gpu:0", "auto", given) == ["--devices", "gpu:0", *given[2:]]


def test_the_word_list_answers_where_and_as_what_the_model_was_to_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use = DeviceUse("lexicon", "auto", "cpu failed in service", ("gpu:0", "cpu"))
    found = find_checkpoint(None, FAMILIES)
    flags = ["--port=9000", "--host", "127.0.0.1", "--served-model-name", "mine"]
    command, environment = Server(found, flags, {"MAX_SENTIMENT_LEXICON": "mvp-29"}).word_list(
        use, None, True
    )
    assert command[-9:] == [
        *("lexicon", "--model", str(DEFAULT_DIRECTORY)),
        *("--served-model-name", "mine", "--host", "127.0.0.1", "--port", "9000"),
    ]
    assert environment["MAX_SENTIMENT_LEXICON"] == "mvp-29"
    assert device_use("lexicon", environment) == use
    monkeypatch.setenv("MAX_SERVE_PORT", "7000")
    command, _ = Server(found, [], {}).word_list(use, None, True)
    assert command[-6:] == [
        *("--served-model-name", found.name, "--host", "0.0.0.0", "--port", "7000")
    ]
    command, _ = Server(found, flags, {}).word_list(use, Address("::1", 5), False)
    assert command[-6:] == [*("--host", "::1", "--port", "5", "--metrics-port", "0")]


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
