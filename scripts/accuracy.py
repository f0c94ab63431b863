"""Accuracy of a checkpoint in each precision, beside ONNX Runtime's int8 and OpenVINO's bfloat16.

    ./scripts/accuracy [MODEL [DATA ...]] [--output DIRECTORY]

Each engine runs in a process of its own, as in the benchmark, on the same tokens. Labels and logits
are compared with this project's float32. Without data it reads the benchmark's corpus.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scripts.benchmarking.config import EMBEDDED, CorpusConfig, EngineConfig
from scripts.benchmarking.errors import BenchmarkError, ConfigError, NotAvailable
from scripts.benchmarking.machine import usable_cores
from scripts.benchmarking.models import BenchmarkModel, find_model
from scripts.benchmarking.paths import CORPUS
from scripts.benchmarking.report_tables import Table
from scripts.benchmarking.reports import markdown_tables
from scripts.benchmarking.worker_process import WorkerFailed, loaded_worker, workload_file
from scripts.benchmarking.workloads import MOST_TOKENS, Workload, Workloads, read_corpus
from scripts.calibration import expected_calibration_error, softmax

REFERENCE = "max"

ENGINES: Mapping[str, EngineConfig] = {
    REFERENCE: EngineConfig(module="max_graph", options={"precision": "float32"}),
    "max-bfloat16x3": EngineConfig(module="max_graph", options={"precision": "bfloat16x3"}),
    "max-bfloat16": EngineConfig(module="max_graph", options={"precision": "bfloat16"}),
    "max-int8": EngineConfig(module="max_graph", options={"precision": "int8"}),
    "onnxruntime-int8": EngineConfig(module="onnxruntime", options={"precision": "int8"}),
    "openvino-default": EngineConfig(module="openvino", options={"precision": "default"}),
}
"""Names, modules and options are those of the benchmark's configurations."""

MOST_LOST = 0.003
"""Share of texts by which the right labels may become fewer, in the accuracy bound."""

LEAST_EQUAL = 0.99
"""Share of labels that have to be float32's, in the accuracy bound."""

Logits = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DataSet:
    """Labelled texts as a model's tokens.

    Attributes:
        name: Name of the file, without its ending.
        workload: The texts in batches.
        labels: Index of the true label of each text, in the order of the workload.
    """

    name: str
    workload: Workload
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Accuracy:
    """An engine's answers on one data set, beside the reference's.

    Attributes:
        data: Name of the data set.
        engine: Name of the engine.
        precision: Precision of its products.
        texts: Number of texts.
        right: Texts with their true label.
        equal: Labels equal to the reference's.
        mean_difference: Mean difference of a logit from the reference's.
        largest_difference: The largest one.
        calibration_error: See ``expected_calibration_error``.
        holds: Whether the accuracy bound holds.
    """

    data: str
    engine: str
    precision: str
    texts: int
    right: int
    equal: int
    mean_difference: float
    largest_difference: float
    calibration_error: float
    holds: bool


def compare(
    name: str, precision: str, data: DataSet, logits: Logits, reference: Logits
) -> Accuracy:
    """Returns the comparison of an engine's logits with the reference's, ``(texts, labels)``."""
    given, wanted = logits.argmax(-1), reference.argmax(-1)
    texts = len(given)
    right, equal = int((given == data.labels).sum()), int((given == wanted).sum())
    lost = int((wanted == data.labels).sum()) - right
    difference = np.abs(logits - reference)
    return Accuracy(
        data=data.name,
        engine=name,
        precision=precision,
        texts=texts,
        right=right,
        equal=equal,
        mean_difference=float(difference.mean()),
        largest_difference=float(difference.max()),
        calibration_error=expected_calibration_error(softmax(logits), data.labels),
        holds=lost <= MOST_LOST * texts and equal >= LEAST_EQUAL * texts,
    )


def read_data(model: BenchmarkModel, paths: Sequence[Path], batch: int) -> list[DataSet]:
    """Reads and tokenizes labelled texts.

    Args:
        model: The model whose tokens they become; it has to give one of several labels.
        paths: The files, see ``read_corpus``.
        batch: Texts that are computed at once.

    Raises:
        ConfigError: A file cannot be read, a label is none of the model's, or the model gives
            something else than one label.
    """
    count = len(model.config.get("id2label", ("", "")))
    kind = model.config.get("problem_type") or "single_label_classification"
    if kind != "single_label_classification" or count < 2:
        raise ConfigError(
            f"{model.name}: problem_type is {kind} and the number of labels {count}; accuracy and "
            "calibration are computed where a text has one of several labels."
        )
    positions = int(model.config.get("max_position_embeddings", MOST_TOKENS))
    workloads = Workloads(model.directory, seed=0, most_tokens=min(MOST_TOKENS, positions))
    found: list[DataSet] = []
    for path in paths:
        if path.stem in (each.name for each in found):
            raise ConfigError(f"{path}: another file has this name; rename one of the two.")
        if not path.is_file():
            raise ConfigError(f"There is no file {path}. Name labelled texts, .jsonl or .tsv.")
        labels = np.array([each.label for each in read_corpus(path)], dtype=np.int64)
        if not len(labels):
            raise ConfigError(f"{path} has no texts.")
        strange = labels[(labels < 0) | (labels >= count)]
        if len(strange):
            raise ConfigError(
                f"{path}: the label {strange[0]} is none of the model's, 0 to {count - 1}."
            )
        workload = workloads.corpus(path.stem, CorpusConfig(path=str(path)), batch)
        found.append(DataSet(path.stem, workload, labels[list(workload.order)]))
    return found


def measure(
    model: BenchmarkModel, data: Sequence[DataSet], engines: Mapping[str, EngineConfig]
) -> Iterator[Accuracy | str]:
    """Yields the accuracy of each engine on each data set, or why an engine was not run.

    Args:
        model: The model.
        data: The data sets.
        engines: Engines by name, the reference first.

    Raises:
        NotAvailable: The reference cannot be run.
    """
    references: dict[str, Logits] = {}
    with tempfile.TemporaryDirectory() as directory:
        for number, each in enumerate(data):
            each.workload.write(workload_file(Path(directory), str(number)))
        for name, engine in engines.items():
            print(f"accuracy: {name} ...", file=sys.stderr, flush=True)
            try:
                with loaded_worker(engine, model, usable_cores()) as (worker, loaded):
                    for number, each in enumerate(data):
                        path = workload_file(Path(directory), str(number))
                        worker.ask("prepare", workload=each.name, path=str(path))
                        logits = np.array(worker.ask("logits", workload=each.name))
                        reference = references.setdefault(each.name, logits)
                        yield compare(name, loaded["precision"], each, logits, reference)
            except (NotAvailable, WorkerFailed) as error:
                reason = " ".join(str(error).split())[:300]
                if len(references) < len(data):
                    raise NotAvailable(f"{name}, the reference, was not run: {reason}") from None
                yield f"{name} was not run: {reason}"


def accuracy_table(found: Sequence[Accuracy], model: str) -> Table:
    """Returns a row for each engine on each data set."""
    head = ["data", "engine", "precision", "right", "accuracy", "labels as float32"]
    head += ["mean difference", "largest difference", "calibration error", "bound"]
    rows = [
        [
            each.data,
            each.engine,
            each.precision,
            f"{each.right} of {each.texts}",
            f"{each.right / each.texts:.2%}",
            f"{each.equal} of {each.texts}, {each.equal / each.texts:.2%}",
            f"{each.mean_difference:.2g}",
            f"{each.largest_difference:.2g}",
            f"{each.calibration_error:.4f}",
            "holds" if each.holds else "missed",
        ]
        for each in sorted(found, key=lambda each: [one.data for one in found].index(each.data))
    ]
    return Table(f"Accuracy, {model}", head, rows)


def report(found: Sequence[Accuracy], notes: Sequence[str], model: str) -> str:
    """Returns the table and what it means, as Markdown."""
    lines = markdown_tables([accuracy_table(found, model)])
    lines.append(
        f"Differences are of logits, from this project's float32. Calibration error: expected, 15 "
        f"bins. The bound: at most {MOST_LOST:.1%} of the texts lost, at least {LEAST_EQUAL:.0%} "
        "of the labels equal to float32's."
    )
    return "\n".join([*lines, *[f"\n{note}" for note in notes]]) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Parses the arguments and measures one checkpoint; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        engines = _chosen(options.engines)
        model = find_model(options.model)
        data = read_data(model, options.data or [CORPUS], options.batch)
        answers = list(measure(model, data, engines))
    except BenchmarkError as error:
        print(f"accuracy: {error}", file=sys.stderr)
        return 2
    found = [each for each in answers if isinstance(each, Accuracy)]
    notes = [each for each in answers if isinstance(each, str)]
    text = report(found, notes, options.model)
    print(text, end="")
    if options.output is not None:
        options.output.mkdir(parents=True, exist_ok=True)
        (options.output / "accuracy.md").write_text(text, encoding="utf-8")
        document = {
            "model": options.model,
            "weights": model.digest,
            "batch": options.batch,
            "engines": {name: dict(engine.options) for name, engine in engines.items()},
            "accuracy": [asdict(each) for each in found],
            "not_run": notes,
        }
        path = options.output / "accuracy.json"
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="accuracy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "model", nargs="?", default=EMBEDDED, help="a directory or a hub id (default: %(default)s)"
    )
    parser.add_argument(
        "data",
        nargs="*",
        type=Path,
        help='labelled texts: .jsonl of {"text", "label"} or .tsv with these columns',
    )
    parser.add_argument("--output", type=Path, metavar="DIRECTORY", help="where to write reports")
    parser.add_argument(
        "--batch",
        type=int,
        default=1,
        help="texts computed at once, of similar length; ONNX Runtime's int8 depends on it "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--engines",
        metavar="NAMES",
        help=f"only these beside {REFERENCE}, with commas between: {', '.join(ENGINES)}",
    )
    return parser


def _chosen(names: str | None) -> Mapping[str, EngineConfig]:
    if names is None:
        return ENGINES
    wanted = {REFERENCE, *names.split(",")}
    for name in sorted(wanted - set(ENGINES)):
        raise ConfigError(f"--engines: {name!r} is unknown; there are {', '.join(ENGINES)}.")
    return {name: engine for name, engine in ENGINES.items() if name in wanted}


if __name__ == "__main__":
    sys.exit(main())
