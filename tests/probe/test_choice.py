"""Choice of a device: what MAX reports, what is kept of its probe, and what is never looked at."""

from __future__ import annotations

import ast
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import run, run_python
from fake_accelerators import environment_with

from distilbert_sentiment_arch.checkpoint.source import NamedCheckpoint, find_checkpoint
from distilbert_sentiment_arch.errors import ConfigError, DeviceError
from distilbert_sentiment_arch.families.registry import FAMILIES
from distilbert_sentiment_arch.machine.accelerators import Accelerators, find_accelerators
from distilbert_sentiment_arch.probe import choice
from distilbert_sentiment_arch.probe.choice import check_device, choose_device
from distilbert_sentiment_arch.probe.kept import keep_verdict
from distilbert_sentiment_arch.probe.verdict import CLASSIFIER, Outcome, RungVerdict
from distilbert_sentiment_arch.settings.defaults import PACKAGE

Report = Callable[..., None]


@pytest.fixture
def tiny(checkpoint: Callable[..., Path]) -> NamedCheckpoint:
    return find_checkpoint(str(checkpoint()), FAMILIES)


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODULAR_CACHE_DIR", str(tmp_path / "cache"))


def keep(number: int, checkpoint: NamedCheckpoint, outcome: Outcome, reason: str = "") -> None:
    accelerator = find_accelerators().found[number]
    keep_verdict(
        accelerator, checkpoint, RungVerdict(accelerator.name, CLASSIFIER, outcome, reason)
    )


def test_auto_without_an_accelerator_is_the_cpu(tiny: NamedCheckpoint) -> None:
    # Of this machine: MAX is asked here, too.
    found = find_accelerators()
    decision = choose_device("auto", tiny)
    assert decision.device == "cpu"
    assert bool(found.found) == ("was not probed" in decision.reason)


def test_auto_takes_what_passed_its_probe_with_this_checkpoint(
    tiny: NamedCheckpoint, report_accelerators: Report, tmp_path: Path
) -> None:
    report_accelerators({"model": "Fast one"})
    decision = choose_device("auto", tiny)
    assert decision.device == "cpu"
    assert decision.reason == (
        "gpu:0 (Fast one, cuda) was not probed with this model in float32, this driver and this "
        "MAX (max-sentiment doctor --probe does it)"
    )

    keep(0, tiny, "wrong numbers", "logits differ by 3.1")
    decision = choose_device("auto", tiny)
    assert decision.device == "cpu"
    assert decision.reason == (
        "gpu:0 (Fast one, cuda) failed with this model (wrong numbers: logits differ by 3.1); "
        "max-sentiment doctor --probe tries it again"
    )

    keep(0, tiny, "works")
    decision = choose_device("auto", tiny)
    assert (decision.device, decision.accelerator) == ("gpu:0", find_accelerators().found[0])
    assert decision.reason == "gpu:0 (Fast one, cuda) passed its probe with this model"
    assert choose_device("auto", tiny, "bfloat16").device == "cpu"

    other = find_checkpoint(None, FAMILIES)
    assert choose_device("auto", other).device == "cpu"


def test_auto_takes_the_first_that_passed(
    tiny: NamedCheckpoint, report_accelerators: Report
) -> None:
    report_accelerators({"model": "Old one"}, {"model": "Fast one"})
    keep(0, tiny, "no kernel")
    keep(1, tiny, "works")
    assert choose_device("auto", tiny).device == "gpu:1"


def test_a_verdict_on_another_accelerator_does_not_count(
    tiny: NamedCheckpoint, report_accelerators: Report
) -> None:
    report_accelerators({"model": "Old one"})
    keep(0, tiny, "works")
    assert choose_device("auto", tiny).device == "gpu:0"
    report_accelerators({"model": "New one"})
    assert choose_device("auto", tiny).device == "cpu"


@pytest.mark.parametrize(("setting", "number"), [("gpu", 0), ("gpu:0", 0), ("gpu:1", 1)])
def test_an_accelerator_that_is_named_is_taken_and_its_probe_mentioned(
    tiny: NamedCheckpoint, report_accelerators: Report, setting: str, number: int
) -> None:
    report_accelerators({"model": "A"}, {"model": "B"})
    decision = choose_device(setting, tiny)
    assert decision.device == f"gpu:{number}"
    assert "was not probed" in decision.reason
    keep(number, tiny, "crashed")
    decision = choose_device(setting, tiny)
    assert decision.device == f"gpu:{number}"
    assert "failed with this model (crashed)" in decision.reason


@pytest.mark.parametrize("look", [check_device, lambda name: choose_device(name, None)])  # type: ignore[arg-type]
def test_gpu_is_a_gpu_or_an_error(report_accelerators: Report, look: Callable[[str], None]) -> None:
    report_accelerators({"model": "A", "api": "hip"})
    with pytest.raises(DeviceError) as raised:
        look("gpu:1")
    assert str(raised.value) == (
        "The device 'gpu:1' was asked for, and MAX finds gpu:0 (A, hip) in this machine. Take one "
        "of these, or cpu."
    )
    for unknown in ("cuda", "gpu:0,1", "gpu:all", "gpu:-1", "GPU", "", "cpu:1"):
        with pytest.raises(ConfigError, match="is not known: name cpu, gpu"):
            look(unknown)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Accelerators(), "MAX finds no accelerator that it computes on in this machine. Take cpu"),
        (Accelerators(error="MAX ended with status 139: "), "MAX ended with status 139"),
    ],
)
def test_where_max_finds_nothing_the_error_says_so_and_auto_is_the_cpu(
    monkeypatch: pytest.MonkeyPatch, tiny: NamedCheckpoint, asked: Accelerators, message: str
) -> None:
    monkeypatch.setattr(choice, "find_accelerators", lambda: asked)
    with pytest.raises(DeviceError, match=message):
        check_device("gpu")
    decision = choose_device("auto", tiny)
    assert decision.device == "cpu"
    assert decision.reason in ("MAX finds no accelerator", asked.error)


def test_the_cpu_is_taken_without_asking_max(
    monkeypatch: pytest.MonkeyPatch, tiny: NamedCheckpoint
) -> None:
    monkeypatch.setattr(choice, "find_accelerators", None)
    check_device("cpu")
    assert choose_device("cpu", tiny).device == "cpu"
    check_device("auto")


def test_no_code_that_chooses_looks_below_dev() -> None:
    """An integrated GPU has /dev/kfd or /dev/dxg, and MAX may find nothing there to compute on."""
    for name in ("probe/choice", "machine/accelerators", "cli/serve", "engine/device_choice"):
        path = PACKAGE / f"{name}.py"
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                documented = ast.get_docstring(node, clean=False)
                if documented is not None:
                    assert isinstance(node.body[0], ast.Expr)
                    node.body[0].value = ast.Constant("")
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        assert not [each for each in texts if isinstance(each, str) and "/dev/" in each], path


OPENED = """
import os, sys
seen = []
sys.addaudithook(lambda event, args: seen.append(str(args[0])) if event in WATCHED else None)
WATCHED = {"open", "os.listdir", "os.scandir"}
from distilbert_sentiment_arch.cli.main import main
status = main(["serve", "--dry-run", "--devices", "auto"])
assert status == 0
print(*[each for each in seen if "kfd" in each or "dxg" in each or "/dev/dri" in each], sep="\\n")
"""


def test_a_start_opens_no_device_file() -> None:
    ended = run_python("-c", OPENED, environment={"PYTHONPATH": os.getcwd()})
    assert ended.returncode == 0, ended.stderr
    assert "computing on " in ended.stderr
    assert ended.stdout.splitlines()[1:] == [""]


NO_MOUNT = 77
WITH_DEVICE_FILES = f"""
set -e
mount -t tmpfs none "$1" || exit {NO_MOUNT}
for each in null zero full random urandom; do
    touch "$1/$each"
    mount --bind "/dev/$each" "$1/$each"
done
mkdir "$1/shm" "$1/dri"
touch "$1/kfd" "$1/dxg" "$1/dri/renderD128"
mount --rbind "$1" /dev
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="unshare is not on PATH")
def test_device_files_of_an_integrated_gpu_end_on_the_cpu(tmp_path: Path) -> None:
    command = f'"{sys.executable}" -m distilbert_sentiment_arch.cli serve --dry-run --devices'
    script = f"{WITH_DEVICE_FILES}\n{command} auto\n! {command} gpu"
    ended = run(
        *("unshare", "-m", "sh", "-c", script, "sh", tmp_path),
        environment={"PYTHONPATH": os.getcwd()},
    )
    if ended.returncode == NO_MOUNT or "unshare failed" in ended.stderr:
        pytest.skip(f"another /dev cannot be mounted here: {ended.stderr}")
    assert ended.returncode == 0, ended.stderr
    chosen, refused = ended.stderr.splitlines()
    assert chosen == "max-sentiment: computing on cpu: MAX finds no accelerator"
    assert refused == (
        "max-sentiment: The device 'gpu' was asked for, and MAX finds no accelerator that it "
        "computes on in this machine. Take cpu, or check the accelerator's driver."
    )
    assert "--devices cpu" in ended.stdout


def test_what_fakes_an_accelerator_changes_what_max_says() -> None:
    (one,) = find_in_child(environment_with({"model": "A", "api": "hip"}))
    assert (one["model"], one["api"], one["number"]) == ("A", "hip", 0)


def find_in_child(environment: dict[str, str]) -> list[dict[str, object]]:
    module = "distilbert_sentiment_arch.engine.probing.devices"
    ended = run_python("-m", module, environment=environment)
    assert ended.returncode == 0, ended.stderr
    found: list[dict[str, object]] = ast.literal_eval(ended.stdout.strip().splitlines()[-1])
    return found
