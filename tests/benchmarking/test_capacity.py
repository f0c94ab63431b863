"""The number of replicas that a load needs, computed from a result."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from commands import ROOT
from made_up_figures import made_up_figures
from made_up_results import load, made_up

from scripts.benchmarking.capacity import capacities
from scripts.benchmarking.capacity_command import capacity_command
from scripts.benchmarking.cli import main
from scripts.benchmarking.errors import BenchmarkError
from scripts.benchmarking.paths import PUBLISHED
from scripts.benchmarking.results import Results


def written(path: Path, results: Results) -> str:
    results.write(path / "results.json")
    return str(path / "results.json")


def test_replicas_are_those_of_a_calculation_by_hand(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    results = made_up()
    # 10, 11 and 12 texts a second on two cores: 5.5 a core.
    results.loads = [load("max-serve", 8.0, number) for number in range(3)]
    results.servers[0].peak_mb = 900.0
    options = ["--texts-per-second", "100", "--utilisation", "0.5", "--cores", "4"]
    assert capacity_command([written(tmp_path, results), *options]) == 0
    printed = capsys.readouterr().out
    # 100 / (5.5 * 4 * 0.5) = 9.09
    assert "10 replicas of 4 cores (9.09)" in printed
    assert "| closed 4 | 11 | 6 | 0.1 of 2 |" in printed  # 100 requests of 5 ms in 10 s
    assert "900 MB a replica at its peak under these loads, 9.0 GB in all" in printed
    assert "Measured with 2 cores" in printed
    assert "kept 0.1 of 2 cores busy" in printed
    assert "2.0% of its requests failed" in printed  # 2 beside 100, in each round
    assert "commit `abcdef0`" in printed
    assert "Noisy machine: made up." in printed


def test_the_published_result_by_another_tool(capsys: pytest.CaptureFixture[str]) -> None:
    # awk, from the CSV: median over the rounds of each load, the largest of them, divided by cores.
    raw = json.loads(PUBLISHED.read_text())
    lines = "\n".join(
        f"{each['load'].replace(' ', '_')} {each['texts_per_second']}"
        for each in sorted(raw["loads"], key=lambda each: each["texts_per_second"])
        if each["server"] == "max-serve" and each["model"] == "embedded"
    )
    program = """
        { values[$1, ++count[$1]] = $2 }
        END {
            for (name in count) {
                middle = values[name, int((count[name] + 1) / 2)]
                if (middle > most) most = middle
            }
            printf "%d", 500 / (most / cores * 3 * 0.25) + 0.999999
        }
    """
    command = ["awk", "-v", f"cores={raw['machine']['logical_cpus']}", program]
    by_awk = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout
    options = ["--texts-per-second", "500", "--utilisation", "0.25", "--cores", "3"]
    assert capacity_command(options) == 0
    assert f": {by_awk} replicas of 3 cores" in capsys.readouterr().out


def test_the_guide_shows_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    guide = (ROOT / "docs" / "deploying.md").read_text()
    (command,) = re.findall(r"`\./scripts/benchmark (capacity [^`]+)`", guide)
    assert main(command.split()) == 0
    printed = capsys.readouterr().out
    told = printed[printed.index("**Capacity") :]
    assert told in guide, f"put into docs/deploying.md what ./scripts/benchmark {command} prints"


def test_the_heaviest_load_comes_first_and_another_can_be_asked_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    results = made_up()
    slow = load("max-serve", 80.0)
    slow.load = "lists of 64"
    results.loads.insert(0, slow)
    found = capacities(results, "max-serve", "embedded")
    assert [each.load for each in found] == ["closed 4", "lists of 64"]
    path = written(tmp_path, results)
    assert main(["capacity", path, "--load", "lists of 64"]) == 0
    assert "like `lists of 64`, at 60%" in capsys.readouterr().out
    assert main(["capacity", path, "--load", "open 5/s"]) == 2
    assert "there are closed 4, lists of 64" in capsys.readouterr().err


def test_figures_missing_from_the_result_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    results = made_up()
    results.servers = []
    assert capacity_command([written(tmp_path, results)]) == 0
    assert "Memory was not measured" in capsys.readouterr().out
    results.loads = []
    with pytest.raises(BenchmarkError, match="no load of max-serve with embedded, but of none"):
        capacities(results, "max-serve", "embedded")


@pytest.mark.parametrize(
    "wrong",
    [["--utilisation", "0"], ["--utilisation", "1.5"], ["--cores", "0"], ["--cores", "nan"]],
)
def test_an_impossible_number_is_refused(
    capsys: pytest.CaptureFixture[str], wrong: list[str]
) -> None:
    with pytest.raises(SystemExit):
        capacity_command(wrong)
    assert wrong[0] in capsys.readouterr().err


def test_a_host_is_divided_between_servers(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made_up_figures().write(tmp_path / "figures.json")
    options = ["--scaling", str(tmp_path / "figures.json"), "--host-cores", "16"]
    assert main(["capacity", *options, "--host-gb", "5"]) == 0
    printed = capsys.readouterr().out
    assert "**A host with 16 cores**" in printed
    rows = [line.split(" | ") for line in printed.splitlines() if " x " in line and "|" in line]
    servers = [int(row[0].strip("| ").split(" x ")[0]) for row in rows[1:]]
    assert max(servers) == 8  # of 600 MB each
    best = rows[1]
    number, cores = best[0].strip("| ").split(" x ")
    assert f"{number} servers of {cores} cores: {best[1]} texts/s of 32 tokens" in printed
    assert "more than 2 were not measured" in printed


def test_a_host_without_room_for_a_server_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made_up_figures().write(tmp_path / "figures.json")
    options = ["--scaling", str(tmp_path / "figures.json"), "--host-cores", "4"]
    assert main(["capacity", *options, "--host-gb", "0.5"]) == 2
    assert "--host-gb: 0.5 GB, and a server takes 0.60" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        capacity_command([*options[:2], "--host-cores", "0"])
    assert "--host-cores" in capsys.readouterr().err
