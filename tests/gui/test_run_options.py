"""The options of a run: chosen in a dialog, said beside the input, asked of the worker."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QWidget

from torchloupe.gui.run_options.dialog import RunOptionsDialog
from torchloupe.gui.running import RunOptions
from torchloupe.wire.requests import RunForward


@pytest.fixture
def dialog(qtbot: Any) -> Any:
    """Makes the dialog over some options; what was chosen is in ``chosen``."""
    parent = QWidget()
    qtbot.addWidget(parent)

    def make(options: RunOptions = RunOptions()) -> tuple[RunOptionsDialog, list[RunOptions]]:
        chosen: list[RunOptions] = []
        made = RunOptionsDialog(parent, options, chosen.append)
        made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        qtbot.addWidget(made)
        return made, chosen

    return make


def test_that_nothing_is_changed_by_looking(dialog: Any) -> None:
    for options in (
        RunOptions(),
        RunOptions(("float32[1]",), "cpu", "eval", False, True, False, "float16", False, 7, 2.5, "float64", "inductor"),
    ):
        made, chosen = dialog(options)
        made.accept()
        assert chosen == [options]


def test_that_what_is_chosen_is_kept_and_the_rest_stays(dialog: Any) -> None:
    made, chosen = dialog(RunOptions(("float32[1]",), "cpu", "eval"))
    made.grad.setCurrentIndex(1)
    made.autocast.setCurrentText("bfloat16")
    made.dtype.setCurrentText("float64")
    made.compile.setCurrentIndex(made.compile.findData("aot_eager"))
    made.statistics.setChecked(False)
    made.seed.setValue(3)
    made.limit.setValue(1.5)
    made.accept()
    wanted = RunOptions(
        ("float32[1]",),
        "cpu",
        "eval",
        grad=False,
        autocast="bfloat16",
        statistics=False,
        seed=3,
        time_limit=1.5,
        dtype="float64",
        compile="aot_eager",
    )
    assert chosen == [wanted]
    assert wanted.request() == RunForward(
        ("float32[1]",),
        "cpu",
        "eval",
        3,
        grad=False,
        autocast="bfloat16",
        statistics=False,
        time_limit=1.5,
        dtype="float64",
        compile="aot_eager",
    )


def test_that_cancelling_chooses_nothing(dialog: Any) -> None:
    made, chosen = dialog()
    made.seed.setValue(9)
    made.reject()
    assert chosen == []


def test_that_everything_can_be_as_usual_again(dialog: Any) -> None:
    made, chosen = dialog(RunOptions(("float32[1]",), grad=False, autocast="float16", statistics=False, seed=4, time_limit=9.0))
    [usual] = [
        button
        for box in made.findChildren(QDialogButtonBox)
        for button in [box.button(QDialogButtonBox.StandardButton.RestoreDefaults)]
    ]
    usual.click()
    made.accept()
    assert chosen == [RunOptions(("float32[1]",))]


def test_that_every_field_has_a_name_and_a_tip(dialog: Any) -> None:
    made, _ = dialog()
    for field in (made.grad, made.autocast, made.dtype, made.compile, made.statistics, made.seed, made.limit):
        assert field.accessibleName()
        assert "&" not in field.accessibleName()
        assert field.toolTip()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (RunOptions(), ""),
        (RunOptions(("float32[1]",), "cpu", "train"), ""),
        (RunOptions(grad=False), "no gradients"),
        (RunOptions(dtype="float64"), "as float64"),
        (RunOptions(autocast="bfloat16", seed=2), "autocast bfloat16, seed 2"),
        (RunOptions(compile="inductor"), "compiled with inductor"),
        (RunOptions(statistics=False, time_limit=0.5), "no statistics, at most 0.5 s"),
    ],
)
def test_that_what_is_unusual_is_said_in_words(options: RunOptions, text: str) -> None:
    assert options.unusual == text


def test_that_the_tool_bar_says_what_was_chosen_and_keeps_it_while_one_types(qtbot: Any, make_window: Any) -> None:
    window = make_window({})
    window.actions_by_id["run.options"].trigger()
    opened = QApplication.activeModalWidget() or window.findChild(RunOptionsDialog)
    assert isinstance(opened, RunOptionsDialog)
    opened.grad.setCurrentIndex(1)
    opened.accept()
    bar = window.run_bar
    assert bar.unusual.text() == "no gradients"
    assert not bar.unusual.isHidden()
    bar.input.setText("float32[2,3]")
    assert window.opening.options == RunOptions(("float32[2,3]",), grad=False)
    qtbot.waitUntil(lambda: window.findChild(RunOptionsDialog) is None)
