"""The accuracy command: its figures, its messages, and the bound for the embedded checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from commands import ROOT, run

from distilbert_sentiment_arch.machine.processor import read_processor
from distilbert_sentiment_arch.settings.defaults import DEFAULT_DIRECTORY
from scripts.accuracy import DataSet, compare, main, read_data
from scripts.benchmarking.errors import ConfigError
from scripts.benchmarking.models import BenchmarkModel
from scripts.benchmarking.workloads import Workload

TWO_LABELS = {"id2label": {"0": "NEGATIVE", "1": "POSITIVE"}}


def model(**config: object) -> BenchmarkModel:
    return BenchmarkModel("mine", DEFAULT_DIRECTORY, {**TWO_LABELS, **config}, "test", trained=True)


def test_the_figures_are_those_of_a_calculation_by_hand() -> None:
    reference = np.array([[2.0, 0.0], [0.0, 2.0], [0.0, 1.0], [3.0, 0.0]])
    logits = np.array([[2.0, 0.5], [0.0, 2.0], [0.25, 0.0], [3.0, 0.25]])
    data = DataSet("hand", Workload("hand@1", "hand", []), np.array([0, 0, 0, 1]))
    found = compare("theirs", "int8", data, logits, reference)
    # Of the reference only the first is right; of the others the third as well.
    assert (found.right, found.equal, found.texts) == (2, 3, 4)
    assert found.mean_difference == pytest.approx((0.5 + 0.25 + 1.0 + 0.25) / 8)
    assert found.largest_difference == 1.0
    assert not found.holds  # a quarter of the labels differ


@pytest.mark.parametrize(
    ("gained", "lost", "holds"), [(0, 0, True), (3, 6, True), (4, 7, False), (3, 7, False)]
)
def test_the_bound(gained: int, lost: int, holds: bool) -> None:
    reference = np.tile([1.0, 0.0], (1000, 1))
    labels = np.zeros(1000, dtype=np.int64)
    labels[:gained] = 1
    logits = reference.copy()
    logits[: gained + lost] = [0.0, 1.0]
    data = DataSet("made", Workload("made@1", "made", []), labels)
    assert compare("ours", "int8", data, logits, reference).holds == holds


@pytest.mark.parametrize(
    ("lines", "config", "message"),
    [
        (['{"text": "good", "label": 2}'], {}, r"mine\.jsonl: the label 2 is none .* 0 to 1"),
        (['{"text": "good"}'], {}, r"mine\.jsonl, text 1: KeyError\('label'\)"),
        ([], {}, r"mine\.jsonl has no texts"),
        (
            ['{"text": "good", "label": 1}'],
            {"problem_type": "regression"},
            "problem_type is regression and the number of labels 2",
        ),
    ],
)
def test_data_and_models_that_do_not_fit_are_named(
    tmp_path: Path, lines: list[str], config: dict[str, object], message: str
) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(ConfigError, match=message):
        read_data(model(**config), [path], batch=1)


def test_two_files_of_one_name_and_missing_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text("text\tlabel\nGood.\t1\n")
    with pytest.raises(ConfigError, match="another file has this name"):
        read_data(model(), [path, path], batch=1)
    with pytest.raises(ConfigError, match=r"There is no file .*none\.jsonl"):
        read_data(model(), [tmp_path / "none.jsonl"], batch=1)


def test_labels_follow_the_order_of_the_workload(tmp_path: Path) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text("text\tlabel\nA very long and rather pleasant text.\t1\nBad.\t0\n")
    (data,) = read_data(model(), [path], batch=1)
    assert list(data.workload.order) == [1, 0]
    assert data.labels.tolist() == [0, 1]


def test_mistakes_on_the_command_line_are_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["embedded", "--engines", "triton"]) == 2
    assert "--engines: 'triton' is unknown; there are max, max-bfloat16" in capsys.readouterr().err
    ended = run(ROOT / "scripts" / "accuracy", tmp_path / "none")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("accuracy: models: ")
    assert "Traceback" not in ended.stderr


def test_the_embedded_checkpoint_holds_the_bound_in_every_precision(tmp_path: Path) -> None:
    engines = {"max": "float32", "max-bfloat16": "bfloat16", "max-int8": "int8"}
    assert main(["embedded", "--engines", ",".join(engines), "--output", str(tmp_path)]) == 0
    document = json.loads((tmp_path / "accuracy.json").read_text(encoding="utf-8"))
    found = {each["engine"]: each for each in document["accuracy"]}
    processor = read_processor()
    for name, precision in engines.items():
        if not processor.computes(precision):  # type: ignore[arg-type]
            assert any(note.startswith(f"{name} was not run") for note in document["not_run"])
            continue
        row = found[name]
        assert row["precision"] == precision
        assert row["texts"] == 306
        assert row["holds"], row
        # The bound once more, by its definition.
        assert row["equal"] >= 0.99 * 306
        assert row["right"] >= found["max"]["right"] - 0.003 * 306
    assert found["max"]["largest_difference"] == 0
    table = (tmp_path / "accuracy.md").read_text(encoding="utf-8")
    assert table.count("| corpus | max") == len(found)
