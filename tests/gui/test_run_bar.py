"""The fields of the next run."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui.run_bar import split_specs
from torchloupe.wire.requests import Hello

GPU = Hello(1, "3.11.0", "python", 0, torch="2.13.0", devices=("cpu", "cuda:0"))


@pytest.mark.parametrize(
    ("text", "specs"),
    [
        ("", ()),
        ("float32[1,3]", ("float32[1,3]",)),
        ("float32[1, 3] int64[2,16]<1000", ("float32[1, 3]", "int64[2,16]<1000")),
        ("float32[1,3]; mask=bool[1]", ("float32[1,3]", "mask=bool[1]")),
        ("int64[2, 16] <1000", ("int64[2, 16]<1000",)),
        ('"my input.npy" image.png', ("my input.npy", "image.png")),
        ("float32[1,3", ("float32[1,3",)),
    ],
)
def test_that_specs_are_separated_by_spaces_and_semicolons_outside_brackets(text: str, specs: tuple[str, ...]) -> None:
    assert split_specs(text) == specs


def test_that_without_a_model_the_fields_are_off(window: Any) -> None:
    assert not window.run_bar.isEnabled()
    assert window.run_bar.input.placeholderText() == "open a model first"


@pytest.mark.parametrize(("provides", "words"), [(("example_inputs",), "example_inputs()"), ((), "worked out")])
def test_that_the_empty_field_says_what_will_be_run(window: Any, provides: tuple[str, ...], words: str) -> None:
    window.workbench.set_model(panel_data.opened(provides=provides))
    assert window.run_bar.isEnabled()
    assert words in window.run_bar.input.placeholderText()


def test_that_a_spec_that_cannot_be_understood_is_said_and_not_used(window: Any) -> None:
    window.workbench.set_model(panel_data.opened())
    window.run_bar.input.setText("floaty[1,2]")
    assert window.run_bar.trouble
    assert window.status.message.text() == window.run_bar.trouble
    assert window.run_bar.input.accessibleDescription() == window.run_bar.trouble
    assert window.opening.options.inputs == ()
    window.run_bar.input.setText("float32[1,2]")
    assert window.run_bar.trouble == ""
    assert window.opening.options.inputs == ("float32[1,2]",)


def test_that_enter_in_the_field_runs(full_window: Any, qtbot: Any) -> None:
    full_window.run_bar.input.setText("float32[2,3,28,28]")
    with qtbot.waitSignal(full_window.opening.run_finished, timeout=PATIENCE_MS):
        qtbot.keyClick(full_window.run_bar.input, Qt.Key.Key_Return)
    assert full_window.sessions[-1].asked[-1].inputs == ("float32[2,3,28,28]",)


def test_that_enter_with_a_bad_spec_runs_nothing(full_window: Any, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not full_window.jobs.busy, timeout=PATIENCE_MS)
    before = len(full_window.sessions[-1].asked)
    full_window.run_bar.input.setText("floaty[")
    qtbot.keyClick(full_window.run_bar.input, Qt.Key.Key_Return)
    assert not full_window.jobs.busy
    assert len(full_window.sessions[-1].asked) == before


def test_that_devices_are_those_of_the_worker(make_window: MakeWindow, qtbot: Any) -> None:
    window = make_window(hello=GPU)
    window.worker.start()
    device = window.run_bar.device
    qtbot.waitUntil(lambda: device.count() == 4, timeout=PATIENCE_MS)
    assert [device.itemText(number) for number in range(4)] == ["as constructed", "cpu", "cuda:0", "meta, shapes only"]
    assert device.itemData(3) == "meta"
    device.setCurrentText("cuda:0")
    window.run_bar.mode.setCurrentText("train")
    assert window.opening.options.device == "cuda:0"
    assert window.opening.options.mode == "train"
    window.worker.changed.emit("ready")
    assert device.currentText() == "cuda:0"


def test_that_fields_have_names(window: Any) -> None:
    names = [field.accessibleName() for field in (window.run_bar.input, window.run_bar.device, window.run_bar.mode)]
    assert names == ["Sample input", "Device", "Mode"]


def test_that_a_worked_out_input_stands_in_the_empty_field_after_the_run(window: Any) -> None:
    window.workbench.set_model(panel_data.opened(provides=()))
    window.workbench.begin_run()
    window.workbench.end_run(replace(panel_data.report(), input_specs=("float32[2,3,28,28]", "3")))
    assert window.run_bar.input.placeholderText() == "worked out: float32[2,3,28,28] 3; or type specs"
    assert window.run_bar.input.text() == ""
