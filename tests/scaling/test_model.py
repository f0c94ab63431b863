"""The model of a pass and of a server, on cases that can be computed by hand."""

from __future__ import annotations

import pytest
from made_up_figures import ENCODER

from scripts.scaling.model import Costs, PassModel, ServerModel
from scripts.scaling.structure import PassShape, Phase

FREE = Costs(cores=2, wake=0, task=0, phase=0, piece=0)
COSTS = Costs(cores=2, wake=6000, task=200, phase=400, piece=100)


class OneOperation(PassShape):
    """A pass of one operation with the given phases."""

    def __init__(self, *phases: Phase) -> None:
        super().__init__(ENCODER, "float32", 1, 8)
        object.__setattr__(self, "_phases", list(phases))

    def operations(self, cores: int) -> list[list[Phase]]:
        del cores
        return [self._phases]  # type: ignore[attr-defined]


def test_a_core_alone_pays_nothing_for_sharing() -> None:
    assert COSTS.of_operation([Phase(10, 1)] * 3, 1) == 0


def test_what_sharing_costs_is_the_wake_the_phases_and_the_pieces() -> None:
    # Two phases of 8 pieces, so 4 a core: one of them in the phase's cost, three beyond it.
    by_hand = 6000 + 2 * 400 + 2 * 3 * 100
    assert COSTS.of_operation([Phase(8, 1)] * 2, 2) == pytest.approx(by_hand / 1e6)
    # With 8 cores, six more to wake, phases four times as long, and a piece for each core.
    by_hand = 6000 + 6 * 200 + 2 * 4 * 400
    assert COSTS.of_operation([Phase(8, 1)] * 2, 8) == pytest.approx(by_hand / 1e6)


@pytest.mark.parametrize("shape", ["1x8", "1x128", "32x32"])
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_the_model_has_the_times_it_was_given(shape: str, precision: str) -> None:
    batch, tokens = map(int, shape.split("x"))
    model = PassModel.fitted(PassShape(ENCODER, precision, batch, tokens), COSTS, 10.0, 6.0)
    assert model.ms(1) == pytest.approx(10.0)
    assert model.ms(2) == pytest.approx(6.0)
    assert model.efficiency(2) == pytest.approx(10.0 / 12.0)


def test_pieces_that_do_not_divide_leave_cores_idle() -> None:
    model = PassModel(OneOperation(Phase(6, 60)), FREE, work_ms=6.0, rest_ms=0.0)
    assert [model.ms(cores) for cores in (1, 2, 3, 4, 6, 32)] == [6, 3, 2, 2, 1, 1]


def test_what_one_core_does_alone_bounds_a_pass() -> None:
    model = PassModel(OneOperation(Phase(1000, 1)), FREE, work_ms=9.0, rest_ms=1.0)
    assert model.ms(1000) == pytest.approx(1.009)


def test_two_cores_that_are_no_faster_mean_that_nothing_is_shared() -> None:
    model = PassModel.fitted(OneOperation(Phase(8, 1)), FREE, 5.0, 7.0)
    assert (model.work_ms, model.rest_ms) == (0.0, 5.0)


def test_the_api_process_bounds_a_server_with_many_cores() -> None:
    model = PassModel(OneOperation(Phase(10_000, 1)), FREE, work_ms=32.0, rest_ms=0.0)
    server = ServerModel(api_ms=1.0, batch=8, model=model)
    # A text takes 1 ms of the API process and 4 ms of a worker's core: 5 ms of one core.
    assert server.texts_per_second(1) == pytest.approx(200.0)
    assert server.texts_per_second(2) == pytest.approx(400.0)
    assert server.texts_per_second(64) == pytest.approx(1000.0)
    assert server.api_bound_from() == 5
