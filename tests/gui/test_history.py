"""Back and forward through what was looked at."""

import pytest

from gui import panel_data
from torchloupe.gui.history import DEPTH, History
from torchloupe.gui.workbench import Workbench


@pytest.fixture
def bench(qapp: object) -> Workbench:
    """A workbench with the classifier and its failed run."""
    made = Workbench()
    made.set_model(panel_data.opened())
    made.begin_run()
    made.add_calls(panel_data.failing_calls())
    return made


@pytest.fixture
def history(bench: Workbench) -> History:
    """Its history."""
    return History(bench)


def test_that_back_returns_and_forward_undoes_it(bench: Workbench, history: History) -> None:
    for path in ("encoder", "head", "head.fc1"):
        bench.select_module(path)
    history.back()
    assert bench.selection.module == "head"
    history.back()
    assert bench.selection.module == "encoder"
    assert not history.can_go_back
    history.forward()
    history.forward()
    assert bench.selection.module == "head.fc1"
    assert not history.can_go_forward


def test_that_a_new_place_ends_the_way_forward(bench: Workbench, history: History) -> None:
    for path in ("encoder", "head"):
        bench.select_module(path)
    history.back()
    bench.select_module("head.fc2")
    assert not history.can_go_forward
    history.back()
    assert bench.selection.module == "encoder"


def test_that_with_nothing_before_back_does_nothing(bench: Workbench, history: History) -> None:
    history.back()
    history.forward()
    assert bench.selection.module is None
    assert not history.can_go_back


def test_that_calls_of_an_earlier_run_are_passed_over(bench: Workbench, history: History) -> None:
    bench.select_parameter("head.fc1.bias")
    bench.select_call(5)
    bench.select_parameter("head.fc2.bias")
    bench.begin_run()
    history.back()
    assert bench.selection.parameter == "head.fc1.bias"


def test_that_another_model_starts_anew(bench: Workbench, history: History) -> None:
    bench.select_module("encoder")
    bench.select_module("head")
    bench.set_model(panel_data.opened())
    assert not history.can_go_back


def test_that_only_so_many_places_are_remembered(bench: Workbench, history: History) -> None:
    for number in range(DEPTH * 2):
        bench.select_module(("encoder", "head")[number % 2])
    steps = 0
    while history.can_go_back:
        history.back()
        steps += 1
    assert steps == DEPTH
