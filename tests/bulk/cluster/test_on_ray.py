"""Jobs on a real Ray cluster of two nodes on this machine, held against jobs without one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bulk_jobs import contents, text_of, write_parquet
from commands import ROOT, run_python
from ray_nodes import ENVIRONMENT, RayNodes, ray_nodes

from distilbert_sentiment_arch.bulk.options import InputOptions, ModelOptions
from distilbert_sentiment_arch.bulk.reading.input_files import find_files
from distilbert_sentiment_arch.bulk.reading.windows import read_windows

if TYPE_CHECKING:
    from distilbert_sentiment_arch.engine.in_process import InProcessModel

pytestmark = pytest.mark.slow

COMMAND = (sys.executable, "-m", "distilbert_sentiment_arch.cli", "score")

nodes = pytest.fixture(scope="module")(ray_nodes)


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of 30 000 rows in all."""
    directory = tmp_path_factory.mktemp("reviews")
    for number in range(3):
        start = number * 10_000
        write_parquet(directory / f"{number}.parquet", range(start, start + 10_000), {start + 7})
    return directory


@pytest.fixture(scope="module")
def expected(reviews: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run without Ray makes of them."""
    output = tmp_path_factory.mktemp("expected") / "scored"
    ended = finished(start(reviews, output))
    assert ended.returncode == 0, ended.stderr
    return contents(output)


def start(reviews: Path, output: Path, *flags: str, part_rows: int = 100) -> subprocess.Popen[str]:
    command = [
        *COMMAND,
        *(str(reviews), "--output", str(output), "--model", "afinn-111"),
        *("--part-rows", str(part_rows), "--progress", "jsonl", *flags),
    ]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | ENVIRONMENT,
    )


def finished(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    stdout, stderr = process.communicate(timeout=400)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)


def parts(output: Path) -> int:
    return sum(1 for _ in output.glob("part-*"))


def events(stderr: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in stderr.splitlines() if line.startswith("{")]


ASKING = """
import json, sys
from distilbert_sentiment_arch.bulk.cluster.on_ray import devices_on
from distilbert_sentiment_arch.bulk.cluster.ray_cluster import connected
from distilbert_sentiment_arch.bulk.options import ModelOptions
from distilbert_sentiment_arch.bulk.reporting.progress import Progress
from distilbert_sentiment_arch.cli.score_places import _device_on

said = []
class Said:
    say = said.append

with connected(sys.argv[1], said.append) as cluster:
    asked = devices_on(cluster, ModelOptions())
    chosen = _device_on(cluster, ModelOptions(), "auto", Said())
    named = _device_on(cluster, ModelOptions(), "gpu", Said())
print(json.dumps([asked, chosen, named, said]))
"""


def test_auto_takes_no_gpu_that_a_node_s_probe_has_not_passed(nodes: RayNodes) -> None:
    ended = run_python("-c", ASKING, nodes.address, environment=ENVIRONMENT)
    assert ended.returncode == 0, ended.stderr
    asked, chosen, named, said = json.loads(ended.stdout.splitlines()[-1])
    assert (chosen, named) == ("cpu", "gpu")
    assert [works for _, works, _ in asked] == [False, False]
    (line,) = said
    assert line.startswith("computing on the CPUs of the cluster: on node ")
    assert line.endswith(("MAX finds no accelerator", "doctor --probe does it)"))


def test_a_job_goes_from_the_cluster_to_the_cluster_and_home(
    nodes: RayNodes, reviews: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    output = tmp_path / "scored"
    job = start(reviews, output, "--ray", nodes.address)
    wait_until(lambda: parts(output) > 0, job)
    job.kill()
    finished(job)
    # Its workers go with it, and what they have in hand: the lock was the driver's.
    psutil.wait_procs(nodes.workers(), timeout=120)
    assert not nodes.workers()
    first = parts(output)
    assert not (output / "_SUCCESS").exists()

    job = start(reviews, output, "--ray", nodes.address)
    wait_until(lambda: parts(output) > first, job)
    job.send_signal(signal.SIGINT)
    ended = finished(job)
    assert ended.returncode == 128 + signal.SIGINT, ended.stderr
    assert events(ended.stderr)[-2]["event"] == "interrupted"
    assert "Traceback" not in ended.stderr
    assert not (output / "_SUCCESS").exists()

    ended = finished(start(reviews, output))
    assert ended.returncode == 0, ended.stderr
    assert contents(output) == expected


def test_a_file_that_fails_costs_no_other_file(
    nodes: RayNodes, reviews: Path, tmp_path: Path
) -> None:
    source, output = tmp_path / "reviews", tmp_path / "scored"
    (source).mkdir()
    # Units of their own: 33 MB of a column that is not kept.
    filler = pa.array([os.urandom(33_000)] * 1000)
    for name in ("a", "b"):
        table = pa.table({"text": [text_of(row) for row in range(1000)], "filler": filler})
        pq.write_table(table, source / f"{name}.parquet", compression="none", use_dictionary=False)
    broken = source / "a.parquet"
    content = bytearray(broken.read_bytes())
    content[4:2000] = bytes(1996)  # the first page; the footer is whole
    broken.write_bytes(content)
    flags = ("--keep", "", "--ray", nodes.address)
    ended = finished(start(source, output, *flags, part_rows=1000))
    assert ended.returncode == 1
    assert "a.parquet" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert [path.name for path in output.glob("part-*")] == ["part-00001-000000.parquet"]
    assert not (output / "_SUCCESS").exists()


PIPELINE = """
import sys, warnings
warnings.simplefilter("ignore")
import ray
ray.init(sys.argv[1], log_to_driver=False)
from max_sentiment.ray import ScoreTexts
ds = ray.data.read_parquet(sys.argv[2]).select_columns(["id", "text"]).limit(200)
ds.map_batches(
    ScoreTexts,
    fn_constructor_kwargs={"precision": "float32"},
    batch_format="pyarrow",
    batch_size=64,
    num_cpus=1,
    compute=ray.data.ActorPoolStrategy(size=1),
).write_parquet(sys.argv[3])
"""


def test_the_command_and_a_pipeline_of_one_s_own_score_with_the_model_as_this_process_does(
    nodes: RayNodes, embedded_model: InProcessModel, tmp_path: Path
) -> None:
    from distilbert_sentiment_arch.bulk.scoring.model_scorer import scorer_of

    source, output = tmp_path / "reviews.parquet", tmp_path / "scored"
    write_parquet(source, range(200), {3})
    ended = run_python(*("-c", PIPELINE, nodes.address, source, output), environment=ENVIRONMENT)
    assert ended.returncode == 0, ended.stderr
    of_pipeline = pq.read_table(output).sort_by("id")
    ended = run_python(
        *("-m", "distilbert_sentiment_arch.cli", "score", source),
        *("--output", tmp_path / "command", "--precision", "float32", "--ray", nodes.address),
        environment=ENVIRONMENT,
    )
    assert ended.returncode == 0, ended.stderr
    of_command = pq.read_table(tmp_path / "command")
    assert of_pipeline.column_names == of_command.column_names
    for name in of_command.column_names:
        if name != "error":
            assert of_pipeline.column(name).to_pylist() == of_command.column(name).to_pylist()
    failed = [row for row, why in enumerate(of_pipeline.column("error").to_pylist()) if why]
    assert failed == [3]
    options = InputOptions()
    windows = read_windows(find_files([str(source)], options), options)
    here = [each.scores for each in scorer_of(embedded_model, ModelOptions(), "").score(windows)]
    expected = [max(row) for each in here for row in each.probabilities.tolist()]
    found = of_command.column("score").to_pylist()
    assert found.pop(3) is None
    assert found == [*expected[:3], *expected[4:]]


@pytest.mark.parametrize(
    ("address", "remedy"),
    [("ray://127.0.0.1:10001", "ray job submit"), ("127.0.0.1:1", "run without --ray")],
)
def test_an_address_where_nothing_answers_is_refused(
    reviews: Path, tmp_path: Path, address: str, remedy: str
) -> None:
    ended = finished(start(reviews, tmp_path / "scored", "--ray", address))
    assert ended.returncode == 1
    assert remedy in ended.stderr


# The last one: a node does not come back.
def test_workers_and_a_node_that_are_killed_leave_nothing_out_and_nothing_twice(
    nodes: RayNodes, reviews: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    output = tmp_path / "scored"
    job = start(reviews, output, "--ray", nodes.address)
    wait_until(lambda: parts(output) > 0, job)
    nodes.kill_worker()
    seen = parts(output)
    wait_until(lambda: parts(output) > seen, job)
    nodes.kill_node()
    assert not (output / "_SUCCESS").exists()
    ended = finished(job)
    assert ended.returncode == 0, ended.stderr
    assert contents(output) == expected
    # No row and no part is counted twice, though some were scored twice.
    last = events(ended.stderr)[-1]
    assert last["event"] == "end"
    assert last["rows"] == last["rows_total"] == 30_000
    assert last["parts"] == last["parts_total"] == 300


@pytest.fixture(autouse=True)
def no_workers_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test, the actors of its job are gone."""
    yield
    if "nodes" in request.fixturenames:
        found: RayNodes = request.getfixturevalue("nodes")
        _, alive = psutil.wait_procs(found.workers(), timeout=120)
        assert not alive
