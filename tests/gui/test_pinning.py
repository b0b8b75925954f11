"""Two tensors that are held against each other, and the commands that lead there."""

from typing import Any

import pytest
import torch

from gui import panel_data
from gui.flow_worker import RUN, FlowSession, activation, run_flow
from gui.panel_data import open_panel
from torchloupe.gui.flowed import pin_title, pins_of_call, repeated_run
from torchloupe.gui.pinning import Pin, Pins
from torchloupe.gui.tensor.panel import TensorPanel
from torchloupe.gui.tensor.pin_bar import pinned_sentence
from torchloupe.gui.tensor.views import HEAT_MAP, HISTOGRAM
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.activations import INPUT, OUTPUT
from torchloupe.wire.requests import RunForward
from torchloupe.wire.tensors import TensorMeta


def pin(name: str) -> Pin:
    return Pin(activation(name), TensorMeta((2, 3), "float32"))


A, B, C = pin("a"), pin("b"), pin("c")


@pytest.fixture
def pins(qapp: Any) -> Pins:
    return Pins()


def test_that_two_are_held_and_a_third_takes_the_place_of_the_oldest(pins: Pins, qtbot: Any) -> None:
    pins.toggle(A)
    assert (pins.items, pins.pair) == ((A,), None)
    with qtbot.waitSignal(pins.changed):
        pins.toggle(B)
    assert pins.pair == (A, B)
    pins.toggle(C)
    assert pins.pair == (B, C)
    assert pins.activations == (B.activation, C.activation)


def test_that_pinning_again_lets_it_go(pins: Pins) -> None:
    pins.toggle(A)
    pins.toggle(A)
    assert not pins.has(A.activation)
    assert not pins.has(None)


def test_that_nothing_is_told_when_nothing_changes(pins: Pins, qtbot: Any) -> None:
    with qtbot.assertNotEmitted(pins.changed):
        pins.clear()
        pins.unpin(A.activation)


def test_that_what_came_of_it_is_a_sentence(pins: Pins) -> None:
    pins.toggle(A)
    assert pinned_sentence(A, pins) == "a, output [2, 3] is pinned. Pin another one to compare the two."
    pins.toggle(B)
    assert pinned_sentence(B, pins) == "a, output [2, 3] and b, output [2, 3] are pinned."
    pins.toggle(A)
    assert pinned_sentence(A, pins) == "a, output [2, 3] is no longer pinned."


@pytest.fixture
def bench(qapp: Any) -> Workbench:
    workbench = Workbench()
    panel_data.run_well(workbench)
    return workbench


def test_that_a_run_is_repeated_with_the_input_that_was_worked_out(bench: Workbench) -> None:
    bench.begin_run(RunForward(("x.npy",), "cuda:0", "eval", 3, operations=True))
    assert repeated_run(bench) == RunForward(("x.npy",), "cuda:0", "eval", 3)
    report = panel_data.report()
    bench.end_run(type(report)(**{**vars(report), "input_specs": ("float32[2,3]",)}))
    assert repeated_run(bench) == RunForward(("float32[2,3]",), "cuda:0", "eval", 3)


def test_that_every_tensor_of_a_call_can_be_pinned(bench: Workbench) -> None:
    found = pins_of_call(bench, 8)
    assert [(each.activation.side, each.activation.call_number) for each in found] == [(OUTPUT, 1), (INPUT, 1)]
    assert found[0].stats == bench.calls[8].stats[0]
    assert found[0].title == "head.act, call 2, output [2, 128]"


def test_that_a_pin_of_an_earlier_run_says_so(bench: Workbench) -> None:
    kept = pins_of_call(bench, 7)[0]
    assert pin_title(kept, bench) == "head.act, output [2, 128]"
    bench.begin_run(RunForward(seed=7))
    assert pin_title(kept, bench) == "head.act, output [2, 128], another run"


def test_that_pins_stay_through_the_next_run_and_go_with_the_model(qtbot: Any) -> None:
    panel = open_panel(qtbot, TensorPanel)
    bench = panel.workbench
    panel_data.run_well(bench)
    bench.pins.toggle(pins_of_call(bench, 7)[0])
    bench.begin_run(RunForward(seed=7))
    assert bench.pins.items
    bench.set_model(panel_data.opened())
    assert not bench.pins.items


# in the window


@pytest.fixture
def full(full_window: Any) -> Any:
    full_window.actions_by_id.refresh()
    return full_window


def enabled(window: Any) -> dict[str, bool]:
    window.actions_by_id.refresh()
    return {name: window.actions_by_id[f"call.{name}"].isEnabled() for name in ("values", "pin", "compare", "unpin")}


def test_that_commands_need_a_call_and_pins(full: Any) -> None:
    full.workbench.select_stored(panel_data.checkpoint().tensors[0])
    assert enabled(full) == {"values": False, "pin": False, "compare": False, "unpin": False}
    full.workbench.select_call(2)
    assert enabled(full) == {"values": True, "pin": True, "compare": False, "unpin": False}
    full.actions_by_id["call.pin"].trigger()
    assert full.workbench.pins.items[0].title == "encoder.conv1, output [2, 32, 28, 28]"
    full.workbench.select_call(3)
    full.actions_by_id["call.pin"].trigger()
    assert enabled(full) == {"values": True, "pin": True, "compare": True, "unpin": True}
    full.actions_by_id["call.unpin"].trigger()
    assert enabled(full) == {"values": True, "pin": True, "compare": False, "unpin": False}


def test_that_showing_values_raises_the_panel_in_the_best_view(full: Any, qtbot: Any) -> None:
    full.workbench.select_call(7)
    panel = full.docks.panels["tensor"].inside()
    assert panel.views.tabs.currentIndex() == HISTOGRAM
    full.actions_by_id["call.values"].trigger()
    assert panel.isVisible()
    assert panel.views.tabs.currentIndex() == HEAT_MAP
    qtbot.waitUntil(lambda: not full.jobs.busy)


def test_that_comparing_raises_the_panel_with_the_pair(full: Any, qtbot: Any) -> None:
    for index in (2, 3):
        full.workbench.select_call(index)
        full.actions_by_id["call.pin"].trigger()
    full.workbench.select_call(7)
    full.actions_by_id.refresh()
    full.actions_by_id["call.compare"].trigger()
    panel = full.docks.panels["tensor"].inside()
    assert panel.isVisible()
    assert panel.choice.currentText().startswith("Pinned: B minus A, encoder.bn1")
    qtbot.waitUntil(lambda: not full.jobs.busy)


def test_that_pinning_without_a_call_or_without_values_says_so(qtbot: Any) -> None:
    panel = open_panel(qtbot, TensorPanel, FlowSession({}))
    assert panel.pin_choice() == "Select a call first."
    run_flow(panel.workbench, {("fc", 0, OUTPUT, 0): torch.ones(2, 3)}, run=RunForward(RUN.inputs, shapes_only=True))
    panel.workbench.select_call(0)
    assert panel.pin_choice().startswith("The run was one of shapes alone")
    assert panel.workbench.pins.items == ()
