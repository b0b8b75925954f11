"""Which values the model has, and with which the run that is shown was made."""

from dataclasses import replace
from typing import Any

from gui import panel_data
from torchloupe.gui.weights import WITHOUT_DATA, Weights
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.loading import LOADED, LoadedCheckpoint, LoadedKey

ONE = LoadedCheckpoint("/runs/one.pt", (LoadedKey("a", LOADED),), True)
TWO = LoadedCheckpoint("/runs/two.pt", (LoadedKey("a", LOADED),), True)


def test_that_a_change_is_told_once(qtbot: Any) -> None:
    weights, told = Weights(), []
    weights.changed.connect(lambda: told.append(weights.loaded))
    for loaded in (None, ONE, ONE, TWO, None, None):
        weights.set_loaded(loaded)
    assert told == [ONE, TWO, None]


def test_that_a_run_keeps_the_weights_that_it_was_made_with(qtbot: Any) -> None:
    weights, report = Weights(), panel_data.report()
    weights.set_loaded(ONE)
    weights.note_run()
    weights.set_loaded(TWO)
    assert weights.text_of_run(report, True) == "weights of one.pt"
    weights.note_run()
    assert weights.text_of_run(report, False) == "weights of two.pt"


def test_that_nothing_is_said_where_there_is_no_question(qtbot: Any) -> None:
    weights, report = Weights(), panel_data.report()
    weights.note_run()
    assert weights.text_of_run(report, has_checkpoint=False) == ""
    assert weights.text_of_run(report, has_checkpoint=True) == "weights as constructed"
    assert weights.text_of_run(replace(report, device=WITHOUT_DATA), has_checkpoint=True) == ""


def test_that_another_model_has_what_it_was_constructed_with(qtbot: Any) -> None:
    bench = Workbench()
    bench.set_model(panel_data.opened())
    bench.weights.set_loaded(ONE)
    bench.set_model(panel_data.opened())
    assert bench.weights.loaded is None
