"""The summary: the right figure in each column, and every loss named."""

from __future__ import annotations

import pytest
from made_up_results import cell, load, made_up

from scripts.benchmarking.results import LoadRecord, Results
from scripts.benchmarking.summary import losses, rows, summary_table


def one_load(server: str, name: str, p50: float, number: int = 0) -> LoadRecord:
    found = load(server, p50, number)
    found.load = name
    return found


@pytest.fixture
def results() -> Results:
    found = made_up()
    found.config["servers"] = {
        "max-serve": {"module": "max_serve", "engine": "ours"},
        "fastapi": {"module": "fastapi_onnxruntime", "engine": "theirs"},
    }
    found.cells = [
        cell("ours", 4.0, 0.8, "1x32"),
        cell("theirs", 5.0, 1.0, "1x32"),
        cell("ours", 50.0, 0.5, "mixed@1"),
        cell("ours", 40.0, 0.4, "mixed@16"),
        cell("theirs", 20.0, 1.0, "mixed@1"),
    ]
    found.cells[0].latency = {"p50": 4.25}
    found.loads = [
        one_load(server, name, p50, number)
        for server, name, p50 in (
            ("max-serve", "closed 1", 6.0),
            ("max-serve", "closed 16", 8.0),
            ("fastapi", "closed 1", 5.0),
            ("fastapi", "closed 16", 16.0),
        )
        for number in range(3)
    ]
    return found


def test_a_row_has_the_figures_of_its_engine_and_of_its_server(results: Results) -> None:
    ours, theirs, absent = rows(results)
    assert (ours.engine, ours.is_ours, ours.one_text_ms) == ("ours", True, 4.25)
    assert ours.texts_per_second == 200  # 8 texts in 40 ms, the better of two batch sizes
    assert (ours.http_ms, ours.http_texts_per_second) == (6.0, 11.0)  # of 10, 11 and 12
    assert (theirs.one_text_ms, theirs.http_ms) == (5.0, 5.0)  # the cell's median without others
    assert theirs.precision == "int8"
    assert absent.precision == "not run: no wheel | for this CPU"
    assert (absent.one_text_ms, absent.http_ms, absent.agreement) == (None, None, None)


def test_the_best_of_a_column_is_bold(results: Results) -> None:
    table = summary_table(results)
    assert [row[2:-1] for row in table.rows] == [
        ["**4.25 ms**", "200 texts/s", "6 ms", "**11 texts/s**"],
        ["5 ms", "**400 texts/s**", "**5 ms**", "6 texts/s"],
        ["", "", "", ""],
    ]


def test_of_an_engine_and_its_variants_the_best_is_shown(results: Results) -> None:
    results.config["engines"]["theirs-fused"] = {"module": "onnxruntime", "variant_of": "theirs"}
    variant = results.engines[1].model_copy(update={"engine": "theirs-fused"})
    assert variant.check is not None
    variant.check = variant.check.model_copy(update={"agreement": 0.9})
    results.engines.append(variant)
    results.cells += [cell("theirs-fused", 3.0, 0.6, "1x32")]
    results.config["servers"]["fastapi-fused"] = {"engine": "theirs-fused"}
    results.loads += [one_load("fastapi-fused", "closed 1", 4.0)]
    _, theirs, absent = rows(results)
    assert (theirs.engine, absent.engine) == ("theirs", "absent")
    assert (theirs.one_text_ms, theirs.texts_per_second) == (3.0, 400)
    assert (theirs.http_ms, theirs.http_texts_per_second) == (4.0, 6.0)
    assert theirs.agreement == 0.9


def test_a_precision_loses_to_its_like_and_the_fastest_to_any(results: Results) -> None:
    results.config["engines"]["ours-int8"] = {"module": "max_graph"}
    ours_int8 = results.engines[0].model_copy(update={"engine": "ours-int8", "precision": "int8"})
    results.engines.insert(1, ours_int8)
    results.loads = []
    results.cells = [
        cell("ours", 4.0, 0.8, "1x32"),
        cell("ours-int8", 2.0, 0.4, "1x32"),
        cell("theirs", 3.0, 0.6, "1x32"),
    ]
    assert losses(results) == "No engine is faster than this project in any column."
    results.cells[1:] = [cell("ours-int8", 2.0, 0.4, "1x32"), cell("theirs", 1.0, 0.2, "1x32")]
    assert losses(results) == (
        "**Where this project loses.** one text of 32 tokens, p50: theirs (int8) is 2.00 times as "
        "fast as this project in int8."
    )


def test_every_loss_is_named_and_no_win(results: Results) -> None:
    assert losses(results) == (
        "**Where this project loses.** texts of mixed lengths: theirs (int8) is 2.00 times as "
        "fast; HTTP, 1 caller, p50: theirs (int8) is 1.20 times as fast."
    )
    results.cells = results.cells[:2]
    results.loads = []
    assert losses(results) == "No engine is faster than this project in any column."
