"""The dialog that points at a model."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QDialogButtonBox

from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui.opening import Asked
from torchloupe.gui.target_dialog.dialog import TargetDialog
from torchloupe.gui.target_dialog.model import (
    arguments_of,
    as_remembered,
    choice_text,
    form_of_choice,
    named,
    note_text,
    place_trouble,
    target_of,
)
from torchloupe.wire.arguments import (
    DescribeArguments,
    SolvedArgument,
)
from torchloupe.wire.requests import ListTargets, OpenTarget, TargetChoice, TargetChoices

WIDE = TargetChoice("Wide", "class", 8, ("Module",), ("width",), "Many layers.")
SMALL = TargetChoice("Small", "class", 4, ("Module",))
CHOICES = TargetChoices("/lib/package/module.py", (SMALL, WIDE))


def opened(window: Any, asked: Asked | None = None) -> TargetDialog:
    window.dialogs.open_model(asked)
    (dialog,) = window.findChildren(TargetDialog)
    assert isinstance(dialog, TargetDialog)
    return dialog


def button(dialog: TargetDialog) -> Any:
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Open)


@pytest.mark.parametrize(
    ("text", "arguments"), [("", None), ("  ", None), ("{}", {}), ('{"width": 64, "act": "relu"}', {"width": 64, "act": "relu"})]
)
def test_that_arguments_are_json(text: str, arguments: dict[str, Any] | None) -> None:
    assert arguments_of(text) == arguments


@pytest.mark.parametrize(("text", "words"), [('{"width": }', "not JSON"), ("width=3", "not JSON"), ("[1, 2]", "JSON object")])
def test_that_other_arguments_are_refused_with_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        arguments_of(text)


@pytest.mark.parametrize(
    ("text", "is_remote", "sentence"),
    [
        ("", False, "Give a Python file"),
        ("/nowhere/model.py", False, "There is no file /nowhere/model.py."),
        ("/nowhere/model.py:Net", False, "There is no file /nowhere/model.py."),
        ("/nowhere/model.py", True, ""),
        ("package.module:Net", False, ""),
        ("package.module", False, ""),
    ],
)
def test_that_a_place_that_is_not_there_is_said(text: str, is_remote: bool, sentence: str) -> None:
    found = place_trouble(text, is_remote)
    assert sentence in found
    assert bool(found) == bool(sentence)


@pytest.mark.parametrize(
    ("place", "name", "target"),
    [
        ("/a/model.py", "Net", "/a/model.py:Net"),
        ("/a/model.py:Old", "Net", "/a/model.py:Net"),
        ("/a/model.py:Old", "", "/a/model.py:Old"),
        ("package.module", " Net ", "package.module:Net"),
        ("package.module", "", "package.module"),
        ("", "Net", ""),
    ],
)
def test_that_a_place_and_a_name_are_a_target(place: str, name: str, target: str) -> None:
    assert target_of(place, name) == target


def test_that_a_relative_path_is_made_whole_unless_it_lies_elsewhere() -> None:
    assert target_of("model.py", "Net") == f"{Path('model.py').absolute()}:Net"
    assert target_of("model.py", "Net", is_remote=True) == "model.py:Net"


def test_that_the_source_alone_tells_the_required_arguments() -> None:
    form = form_of_choice("m.py:Wide", WIDE)
    assert [(field.name, field.kind, field.has_default) for field in form.fields] == [("width", "other", False)]
    assert form_of_choice("m.py:Net", None).fields == ()
    assert form_of_choice("m.py:Net", None).name == "Net"


@pytest.mark.parametrize(
    ("source", "reason", "text"),
    [
        ("shapes", "From fc.weight [5, 3].", "✓ from fc.weight [5, 3]"),
        ("default", "No shape depends on it: the default.", "○ default"),
        ("guess", "No shape tells it.", "▲ guess: No shape tells it."),
        ("given", "You gave it.", "✎ given"),
    ],
)
def test_that_a_source_is_a_glyph_and_words(source: str, reason: str, text: str) -> None:
    assert note_text(SolvedArgument("it", 5, source, reason)) == text


def test_that_what_is_known_from_the_last_time_is_not_said_to_stand_in_the_checkpoint() -> None:
    heads = SolvedArgument("cfg.heads", 4, "stored", "It stands in the checkpoint.")
    assert as_remembered(heads, {}, {"cfg": {"heads": 4}}) == SolvedArgument("cfg.heads", 4, "given", "As the last time.")
    assert as_remembered(heads, {"args": {"heads": 4}}, {"cfg": {"heads": 4}}) == heads
    assert as_remembered(heads, {"args": {"heads": 4}}, {}) == heads


def test_that_a_choice_says_what_and_where_it_is() -> None:
    assert choice_text(WIDE) == "Wide(Module), class in line 8  Many layers."
    assert named(CHOICES, "Small") == SMALL
    assert named(CHOICES, "None") is None
    assert named(None, "Small") is None


def test_that_an_empty_dialog_cannot_be_opened_and_says_what_to_give(window: Any) -> None:
    dialog = opened(window)
    assert not button(dialog).isEnabled()
    assert "Give a Python file" in dialog.says.text()
    assert "worked out" in dialog.input.placeholderText()


def test_that_a_file_lists_its_classes_and_the_required_arguments(window: Any, two_classes: Path, qtbot: Any) -> None:
    dialog = opened(window)
    dialog.place.setText(str(two_classes))
    dialog.place.editingFinished.emit()
    qtbot.waitUntil(lambda: dialog.name.count() == 2, timeout=PATIENCE_MS)
    assert [dialog.name.itemText(number) for number in range(2)] == ["Small", "Wide"]
    assert button(dialog).isEnabled()
    dialog.name.setCurrentText("Wide")
    assert [row.name for row in dialog.arguments.form.rows] == ["width"]
    assert not button(dialog).isEnabled()
    assert dialog.says.text() == "Wide needs width."
    dialog.name.setCurrentText("Small")
    assert dialog.arguments.form.rows == []
    assert button(dialog).isEnabled()


def test_that_a_filled_in_dialog_constructs(window: Any, two_classes: Path, qtbot: Any) -> None:
    dialog = opened(window)
    dialog.place.setText(str(two_classes))
    dialog.place.editingFinished.emit()
    qtbot.waitUntil(lambda: dialog.name.count() == 2, timeout=PATIENCE_MS)
    dialog.name.setCurrentText("Wide")
    dialog.arguments.text.setPlainText('{"width": 8}')
    dialog.input.setText("float32[1,8]")
    button(dialog).click()
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    assert window.sessions[-1].asked[-1] == OpenTarget(f"{two_classes}:Wide", {"width": 8})
    assert window.run_bar.input.text() == "float32[1,8]"
    assert window.opening.options.inputs == ("float32[1,8]",)


def test_that_an_import_path_is_looked_up_by_the_worker(make_window: MakeWindow, qtbot: Any) -> None:
    window: Any = make_window({ListTargets: [CHOICES]})
    dialog = opened(window)
    dialog.place.setText("package.module")
    dialog.place.editingFinished.emit()
    qtbot.waitUntil(lambda: dialog.name.count() == 2, timeout=PATIENCE_MS)
    button(dialog).click()
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    asked = window.sessions[-1].asked
    assert asked == [ListTargets("package.module"), DescribeArguments("package.module:Small"), OpenTarget("package.module:Small")]


def test_that_a_path_with_a_name_needs_no_look(window: Any, qtbot: Any) -> None:
    dialog = opened(window)
    dialog.place.setText("package.module:Net")
    dialog.place.editingFinished.emit()
    button(dialog).click()
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    assert window.sessions[-1].asked == [DescribeArguments("package.module:Net"), OpenTarget("package.module:Net")]


def test_that_a_file_that_is_not_python_is_said_in_the_dialog(window: Any, tmp_path: Path, qtbot: Any) -> None:
    path = tmp_path / "broken.py"
    path.write_text("class (:\n", encoding="utf-8")
    dialog = opened(window)
    dialog.place.setText(str(path))
    dialog.place.editingFinished.emit()
    qtbot.waitUntil(lambda: "Line 1" in dialog.says.text(), timeout=PATIENCE_MS)


def test_that_the_choice_that_a_drop_needs_is_asked_in_the_dialog(window: Any, two_classes: Path, qtbot: Any) -> None:
    window.opening.open_paths([two_classes])
    qtbot.waitUntil(lambda: bool(window.findChildren(TargetDialog)), timeout=PATIENCE_MS)
    (dialog,) = window.findChildren(TargetDialog)
    assert dialog.place.text() == str(two_classes)
    assert dialog.name.count() == 2
    dialog.reject()


def test_that_a_closed_dialog_hears_no_late_answer(window: Any, two_classes: Path, qtbot: Any) -> None:
    dialog = opened(window)
    dialog.place.setText(str(two_classes))
    dialog.place.editingFinished.emit()
    dialog.reject()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_the_arguments_of_the_open_model_can_be_changed(full_window: Any, model_file: Path, qtbot: Any) -> None:
    full_window.actions_by_id["run.arguments"].trigger()
    (dialog,) = full_window.findChildren(TargetDialog)
    assert dialog.place.text() == str(model_file)
    assert dialog.name.currentText() == "Classifier"
    dialog.arguments.text.setPlainText('{"classes": 5}')
    button(dialog).click()
    qtbot.waitUntil(
        lambda: full_window.opening.target == OpenTarget(f"{model_file}:Classifier", {"classes": 5}), timeout=PATIENCE_MS
    )


def test_that_the_interpreter_can_be_changed_from_the_dialog(window: Any, qtbot: Any) -> None:
    dialog = opened(window)
    assert dialog.interpreter.text() == "/usr/bin/python3"
    with qtbot.waitSignal(dialog.interpreter_clicked):
        dialog.interpreter.click()
    window.worker.use("/opt/python")
    assert dialog.interpreter.text() == "/opt/python"
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
