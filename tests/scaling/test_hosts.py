"""A host's cores divided between servers."""

from __future__ import annotations

import pytest
from made_up_figures import made_up_figures

from scripts.benchmarking.errors import BenchmarkError
from scripts.scaling.hosts import WORTH, several_from, splits


def test_no_split_uses_more_cores_than_there_are_and_the_best_comes_first() -> None:
    found = splits(made_up_figures(), 12)
    assert {(each.servers, each.cores) for each in found} >= {(12, 1), (6, 2), (1, 12)}
    assert all(each.servers * each.cores <= 12 for each in found)
    rates = [each.texts_per_second for each in found]
    assert rates == sorted(rates, reverse=True)


def test_a_split_answers_what_its_servers_answer() -> None:
    figures = made_up_figures()
    model = figures.server_model()
    for each in splits(figures, 8):
        alone = model.texts_per_second(each.cores)
        assert each.texts_per_second == pytest.approx(each.servers * alone)
        assert each.memory_mb == 600.0 * each.servers


def test_several_servers_pass_the_bound_of_one_api_process() -> None:
    figures = made_up_figures()
    most = splits(figures, 32)[0]
    assert most.servers > 1
    assert most.texts_per_second > 1000 / 1.0  # what one API process can do in all


def test_memory_bounds_the_servers() -> None:
    found = splits(made_up_figures(), 32, room_mb=2000)
    assert max(each.servers for each in found) == 3
    assert splits(made_up_figures(), 32, room_mb=500) == []


def test_several_are_worth_it_from_the_size_that_is_named() -> None:
    figures = made_up_figures()
    least = several_from(figures)
    assert least is not None
    one = figures.server_model()
    for cores in range(2, least + 1):
        gain = splits(figures, cores)[0].texts_per_second / one.texts_per_second(cores)
        assert (gain >= WORTH) == (cores == least)


def test_without_a_server_nothing_can_be_said() -> None:
    figures = made_up_figures().model_copy(update={"server": None})
    with pytest.raises(BenchmarkError, match="no server was measured"):
        splits(figures, 4)
