"""The form of constructor arguments in the target dialog: filled, solved from the checkpoint, opened, remembered."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QDialogButtonBox, QLabel, QWidget

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui.settings import ARGUMENTS_COUNT, Settings
from torchloupe.gui.target_dialog.asking import GatherStored, failure_text
from torchloupe.gui.target_dialog.dialog import TargetDialog
from torchloupe.gui.target_dialog.editors import NoteLabel, editor_for
from torchloupe.session.scripted import UNTIL_CANCELLED
from torchloupe.wire.arguments import (
    ArgumentField,
    ArgumentForm,
    DescribeArguments,
    SolveArguments,
    SolvedArgument,
    SolvedArguments,
)
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, OpenTarget, Progress

CONFIG = ArgumentField(
    "cfg",
    "config",
    "models.Config",
    fields=(
        ArgumentField("depth", "int", "int", True, 2, "2", summary="How many layers."),
        ArgumentField("act", "choice", "Act", True, "relu", "<Act.RELU>", ("relu", "gelu")),
        ArgumentField("bias", "bool", "bool", True, True, "True"),
    ),
)
FIELDS = (
    ArgumentField("width", "int", "int", summary="Size of every layer."),
    CONFIG,
    ArgumentField("dims", "list", "list[int]", True, [8, 8], "[8, 8]"),
    ArgumentField("block", "class", "type", True, "Block", "Block", ("Block", "Other")),
)
WIDTH, DEPTH, ACT, BIAS, DIMS, BLOCK = ("width",), ("cfg", "depth"), ("cfg", "act"), ("cfg", "bias"), ("dims",), ("block",)


def described(request: DescribeArguments) -> ArgumentForm:
    """The worker's answer, whichever class it is."""
    return ArgumentForm(request.target, request.target.rpartition(":")[2], FIELDS, takes_any=True)


def solution(request: SolveArguments, **facts: Any) -> SolvedArguments:
    """An exact one."""
    arguments = {"width": 64, "cfg": {"depth": 3, "act": "gelu", "bias": True}, "dims": [8, 8]}
    values = (
        SolvedArgument("width", 64, "shapes", "From fc1.weight [64, 3]."),
        SolvedArgument("cfg.depth", 3, "stored", "It stands in the checkpoint."),
        SolvedArgument("cfg.act", "gelu", "guess", "No shape tells it."),
        SolvedArgument("cfg.bias", True, "default", "No shape depends on it: the default."),
    )
    return SolvedArguments(
        request.target, arguments, values, **{"matched": 4, "wanted": 4, "unexpected": 0, "exact": True, "builds": 31, **facts}
    )


SCRIPT = {DescribeArguments: described, SolveArguments: solution}


def dialog_of(window: Any) -> TargetDialog:
    """The one that is open."""
    (dialog,) = [each for each in window.findChildren(TargetDialog) if each.isVisible()]
    assert isinstance(dialog, TargetDialog)
    return dialog


def open_button(dialog: TargetDialog) -> Any:
    """Its button."""
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Open)


def type_into(dialog: TargetDialog, path: tuple[str, ...], text: str) -> None:
    """As a person would."""
    editor = dialog.arguments.form.editors[path]
    editor.show_text(text)
    editor.edited.emit()


def wait_for_verdict(dialog: TargetDialog, qtbot: Any) -> None:
    """Until the arguments were worked out."""
    qtbot.waitUntil(lambda: dialog.arguments.verdict.text()[:1] in ("✓", "▲"), timeout=PATIENCE_MS)


def notes(dialog: TargetDialog) -> dict[str, str]:
    """What stands beside the rows."""
    return {".".join(path): note.note for path, note in dialog.arguments.form.notes.items() if note.note}


@pytest.fixture
def show(make_window: MakeWindow, two_classes: Path, qtbot: Any) -> Any:
    """Drops the file with the class ``Wide``, with a checkpoint open or not, and gives window and dialog once the form is there."""

    def shown(
        checkpoint: bool = False, script: dict[type, Any] | None = None, settings: Settings | None = None
    ) -> tuple[Any, TargetDialog]:
        window: Any = make_window({**SCRIPT, **(script or {})}, settings=settings)
        if checkpoint:
            window.workbench.set_checkpoint(panel_data.checkpoint())
        window.opening.open_target(f"{two_classes}:Wide")
        qtbot.waitUntil(lambda: any(each.isVisible() for each in window.findChildren(TargetDialog)), timeout=PATIENCE_MS)
        dialog = dialog_of(window)
        qtbot.waitUntil(lambda: len(dialog.arguments.form.rows) == 7, timeout=PATIENCE_MS)
        return window, dialog

    return shown


def test_that_a_class_that_needs_arguments_opens_the_form_of_the_worker(show: Any) -> None:
    window, dialog = show()
    form = dialog.arguments.form
    assert list(form.editors) == [WIDTH, DEPTH, ACT, BIAS, DIMS, BLOCK]
    assert dialog.says.text() == "Wide needs width."
    assert not open_button(dialog).isEnabled()
    assert window.sessions[-1].asked == [DescribeArguments(dialog.target)]
    assert notes(dialog) == {"width": "int"}
    assert dialog.arguments.heading.text() == "Arguments of Wide  (* required)"


def test_that_every_row_has_a_name_a_default_and_a_help_text(show: Any) -> None:
    _window, dialog = show()
    form = dialog.arguments.form
    assert form.editors[WIDTH].accessibleName() == "width, required"
    assert form.editors[DEPTH].accessibleName() == "cfg.depth"
    assert form.editors[DEPTH].placeholderText() == "2 by default"  # type: ignore[union-attr]  # a line of text
    assert "How many layers." in form.editors[DEPTH].toolTip()
    assert form.editors[ACT].itemText(0) == "relu by default"  # type: ignore[union-attr]  # a list
    form.editors[DEPTH].setFocus()
    assert form.help.text() == "cfg.depth: int = 2. How many layers."


def test_that_only_what_differs_is_sent(show: Any, qtbot: Any) -> None:
    window, dialog = show()
    target, accepted = dialog.target, []
    dialog.accepted.connect(lambda: accepted.append(True))
    for path, text in ((WIDTH, "1e2"), (DEPTH, "2"), (ACT, "gelu"), (BIAS, "True"), (DIMS, "(4, 5)"), (BLOCK, "Other")):
        type_into(dialog, path, text)
    assert open_button(dialog).isEnabled()
    given = {"width": 100, "cfg": {"act": "gelu"}, "dims": [4, 5], "block": "Other"}
    assert json.loads(dialog.arguments.text.toPlainText()) == given
    open_button(dialog).click()
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    assert window.sessions[-1].asked[-1] == OpenTarget(target, given)
    assert accepted == [True]


def test_that_a_wrong_text_has_its_reason_beside_it_and_nothing_opens(show: Any) -> None:
    _window, dialog = show()
    type_into(dialog, WIDTH, "wide")
    assert notes(dialog) == {"width": "✖ Not a whole number."}
    assert dialog.says.text() == "width: Not a whole number."
    assert not open_button(dialog).isEnabled()
    type_into(dialog, WIDTH, "8")
    assert notes(dialog) == {"width": "int"}
    assert open_button(dialog).isEnabled()


def test_that_json_and_form_are_in_step(show: Any) -> None:
    _window, dialog = show()
    box = dialog.arguments
    box.as_text.click()
    assert box.pages.currentWidget() is box.text
    box.text.setPlainText('{"width": 8, "cfg": {"bias": false}, "other": 1}')
    assert box.form.editors[WIDTH].value_text() == "8"
    assert box.form.editors[BIAS].value_text() == "False"
    assert box.arguments == {"width": 8, "cfg": {"bias": False}, "other": 1}
    box.text.setPlainText('{"width": ')
    assert "not JSON" in dialog.says.text()
    assert not open_button(dialog).isEnabled()
    assert box.form.editors[WIDTH].value_text() == "8"
    box.as_text.click()
    type_into(dialog, WIDTH, "9")
    assert json.loads(box.text.toPlainText())["width"] == 9
    assert open_button(dialog).isEnabled()


def test_that_objects_fold_and_the_filter_looks_into_them(show: Any) -> None:
    _window, dialog = show()
    form = dialog.arguments.form
    assert not form.filter.isVisible()
    form.folds["cfg",].click()
    assert not form.editors[DEPTH].isVisible()
    assert form.folds["cfg",].accessibleName() == "cfg, folded object"
    form.filter.setText("layers")
    assert form.editors[DEPTH].isVisible()
    assert not form.editors[WIDTH].isVisible()
    form.filter.setText("nothing like it")
    assert form.nothing.isVisible()
    form.filter.clear()
    form.folds["cfg",].click()
    assert form.editors[DEPTH].isVisible()


def test_that_many_rows_have_a_filter(show: Any) -> None:
    _window, dialog = show()
    many = tuple(ArgumentField(f"a{number}", "int", "int", True, number, str(number)) for number in range(40))
    dialog.arguments.show_form(ArgumentForm(dialog.target, "Wide", many))
    assert dialog.arguments.form.filter.isVisible()
    assert len(dialog.arguments.form.editors) == 40


def test_that_scrolling_over_a_list_changes_nothing(show: Any) -> None:
    _window, dialog = show()
    editor = dialog.arguments.form.editors[ACT]
    place, none = editor.rect().center().toPointF(), Qt.MouseButton.NoButton
    wheel = QWheelEvent(
        place,
        place,
        place.toPoint(),
        place.toPoint() * 3,
        none,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(editor, wheel)
    assert editor.value_text() == ""


def test_that_with_a_checkpoint_open_the_arguments_are_worked_out_without_a_click(show: Any, qtbot: Any) -> None:
    window, dialog = show(checkpoint=True)
    wait_for_verdict(dialog, qtbot)
    question = window.sessions[-1].asked[-1]
    assert isinstance(question, SolveArguments)
    assert question.given == {}
    assert len(question.wanted) == len(
        [each for each in window.workbench.checkpoint.tensors if each.container == window.workbench.container]
    )
    assert dialog.arguments.verdict.text() == "✓ Exact: 4 of 4 keys and shapes, built 31 times."
    assert notes(dialog) == {
        "width": "✓ from fc1.weight [64, 3]",
        "cfg.depth": "■ from the checkpoint",
        "cfg.act": "▲ guess: No shape tells it.",
        "cfg.bias": "○ default",
    }
    assert dialog.arguments.form.editors[BIAS].value_text() == ""
    assert dialog.arguments.arguments == {"width": 64, "cfg": {"depth": 3, "act": "gelu"}}
    assert open_button(dialog).isEnabled()
    assert open_button(dialog).hasFocus() or open_button(dialog).isDefault()


def test_that_what_a_person_typed_stays_given(show: Any, qtbot: Any) -> None:
    window, dialog = show(checkpoint=True)
    wait_for_verdict(dialog, qtbot)
    type_into(dialog, DEPTH, "5")
    assert notes(dialog)["cfg.depth"] == "✎ given"
    assert dialog.arguments.verdict.text() == ""
    dialog.arguments.work_out.click()
    qtbot.waitUntil(
        lambda: len([each for each in window.sessions[-1].asked if isinstance(each, SolveArguments)]) == 2, timeout=PATIENCE_MS
    )
    assert window.sessions[-1].asked[-1].given == {"cfg": {"depth": 5}}
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_the_closest_arguments_are_said_to_be_that(show: Any, qtbot: Any) -> None:
    _window, dialog = show(True, {SolveArguments: lambda request: solution(request, matched=3, exact=False, unexpected=1)})
    wait_for_verdict(dialog, qtbot)
    said = "▲ 3 of 4 keys fit, and the model has 1 more key: the closest arguments found, built 31 times."
    assert dialog.arguments.verdict.text() == said
    assert open_button(dialog).isEnabled()


def test_that_working_out_shows_how_far_it_is_and_is_stopped_by_its_button(show: Any, qtbot: Any) -> None:
    window, dialog = show(True, {SolveArguments: [Progress(120, 0, "trying arguments of Wide"), UNTIL_CANCELLED]})
    box = dialog.arguments
    qtbot.waitUntil(lambda: box.verdict.text() == "trying arguments of Wide: 120 built", timeout=PATIENCE_MS)
    assert box.work_out.text() == "&Stop"
    assert not open_button(dialog).isEnabled()
    dialog.reject()  # Escape stops first
    qtbot.waitUntil(lambda: box.verdict.text() == "Stopped. What was typed stays.", timeout=PATIENCE_MS)
    assert dialog.isVisible()
    assert box.work_out.text() == "&Work out from checkpoint"
    assert not window.jobs.busy


def test_that_without_a_checkpoint_nothing_can_be_worked_out(show: Any) -> None:
    window, dialog = show()
    assert not dialog.arguments.work_out.isEnabled()
    assert "open one first" in dialog.arguments.work_out.toolTip()
    window.workbench.set_checkpoint(panel_data.checkpoint())
    assert dialog.arguments.work_out.isEnabled()


def test_that_a_file_that_cannot_be_imported_is_said_and_the_required_arguments_stay(
    make_window: MakeWindow, two_classes: Path, qtbot: Any
) -> None:
    failed = Failed((Problem("target-import", "`two` cannot be imported.", hint="Install torch."),))
    window: Any = make_window({DescribeArguments: [failed]})
    window.opening.open_target(f"{two_classes}:Wide")
    qtbot.waitUntil(lambda: any(each.isVisible() for each in window.findChildren(TargetDialog)), timeout=PATIENCE_MS)
    dialog = dialog_of(window)
    qtbot.waitUntil(lambda: dialog.arguments.verdict.text() == "two cannot be imported. Install torch.", timeout=PATIENCE_MS)
    assert [row.name for row in dialog.arguments.form.rows] == ["width"]


def test_that_a_constructor_that_raises_is_said_in_the_dialog_and_what_was_typed_stays(show: Any, qtbot: Any) -> None:
    failed = Failed((Problem("target-construct", "`Wide` raised ValueError: too wide.", hint="Give another width."),))
    window, dialog = show(script={OpenTarget: [failed]})
    type_into(dialog, WIDTH, "8")
    open_button(dialog).click()
    qtbot.waitUntil(lambda: dialog.says.text() == "Wide raised ValueError: too wide. Give another width.", timeout=PATIENCE_MS)
    assert dialog.isVisible()
    assert dialog.arguments.form.editors[WIDTH].value_text() == "8"
    assert open_button(dialog).isEnabled()
    assert window.workbench.model is None


def test_that_a_construction_that_is_cancelled_leaves_the_dialog(show: Any, qtbot: Any) -> None:
    window, dialog = show(script={OpenTarget: [UNTIL_CANCELLED]})
    type_into(dialog, WIDTH, "8")
    open_button(dialog).click()
    qtbot.waitUntil(lambda: window.worker.state == "busy", timeout=PATIENCE_MS)
    window.opening.cancel()
    qtbot.waitUntil(lambda: "Cancelled" in dialog.says.text(), timeout=PATIENCE_MS)
    assert open_button(dialog).isEnabled()


def test_that_code_that_is_not_trusted_is_not_imported_for_its_arguments(
    make_window: MakeWindow, two_classes: Path, qtbot: Any
) -> None:
    window: Any = make_window(SCRIPT, trust=False)
    asked: list[Path] = []
    window.opening.trust.ask = lambda folder, answer: answer(bool(asked.append(folder)))
    window.dialogs.open_model()
    dialog = dialog_of(window)
    dialog.place.setText(str(two_classes))
    dialog.place.editingFinished.emit()
    qtbot.waitUntil(lambda: dialog.name.count() == 2, timeout=PATIENCE_MS)
    dialog.name.setCurrentText("Wide")
    assert asked == [two_classes.parent]
    assert "not trusted" in dialog.arguments.verdict.text()
    assert [row.name for row in dialog.arguments.form.rows] == ["width"]
    assert window.sessions == [] or window.sessions[-1].asked == []


def test_that_arguments_are_remembered_for_their_target(show: Any, qtbot: Any) -> None:
    settings = Settings(None)
    window, dialog = show(settings=settings)
    target = dialog.target
    type_into(dialog, WIDTH, "48")
    open_button(dialog).click()
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    assert settings.arguments_of(target) == {"width": 48, "cfg": {}}
    _other, again = show(settings=settings)
    assert again.arguments.form.editors[WIDTH].value_text() == "48"
    assert open_button(again).isEnabled()


def test_that_what_was_given_the_last_time_is_a_hint_for_working_out(show: Any, qtbot: Any, two_classes: Path) -> None:
    settings = Settings(None)
    settings.remember_arguments(f"{two_classes}:Wide", {"cfg": {"depth": 3}})
    window, dialog = show(checkpoint=True, settings=settings)
    wait_for_verdict(dialog, qtbot)
    assert window.sessions[-1].asked[-1].stored["as the last time"] == {"cfg": {"depth": 3}}
    assert notes(dialog)["cfg.depth"] == "✎ given"


def test_that_the_arguments_of_the_open_model_are_worked_out_by_a_command(
    make_window: MakeWindow, model_file: Path, qtbot: Any
) -> None:
    window: Any = make_window(SCRIPT)
    window.open_paths([model_file])
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    window.workbench.set_checkpoint(panel_data.checkpoint())
    qtbot.waitUntil(lambda: window.actions_by_id["run.solve_arguments"].isEnabled(), timeout=PATIENCE_MS)
    window.actions_by_id["run.solve_arguments"].trigger()
    dialog = dialog_of(window)
    qtbot.waitUntil(lambda: dialog.arguments.verdict.text().startswith("✓ Exact"), timeout=PATIENCE_MS)
    assert isinstance(window.sessions[-1].asked[-1], SolveArguments)


def test_that_another_question_goes_to_the_dialog_that_is_open(show: Any, model_file: Path) -> None:
    window, dialog = show()
    window.dialogs.edit_arguments()
    window.opening.target = OpenTarget(f"{model_file}:Classifier", {"classes": 5})
    window.dialogs.edit_arguments()
    assert dialog_of(window) is dialog
    assert dialog.name.currentText() == "Classifier"


def test_that_tab_walks_the_rows_and_enter_opens(show: Any, qtbot: Any) -> None:
    window, dialog = show()
    editors = dialog.arguments.form.editors
    editors[WIDTH].setFocus()
    qtbot.keyClicks(editors[WIDTH], "32")
    walked = []
    for _step in range(3):
        qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
        walked.append(dialog.focusWidget())
    assert walked == [dialog.arguments.form.folds["cfg",], editors[DEPTH], editors[ACT]]
    target = dialog.target
    qtbot.keyClick(editors[WIDTH], Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    assert window.sessions[-1].asked[-1] == OpenTarget(target, {"width": 32, "cfg": {}})


def test_that_enter_never_cancels(show: Any, qtbot: Any) -> None:
    _window, dialog = show()
    cancel = dialog.buttons.button(QDialogButtonBox.StandardButton.Cancel)
    cancel.setFocus()
    editor = dialog.arguments.form.editors[WIDTH]
    editor.setFocus()
    assert not open_button(dialog).isEnabled()
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert dialog.isVisible()
    assert not cancel.isDefault()


def test_that_the_explained_row_says_where_its_value_is_from(show: Any, qtbot: Any) -> None:
    _window, dialog = show(checkpoint=True)
    wait_for_verdict(dialog, qtbot)
    form = dialog.arguments.form
    form.editors[WIDTH].setFocus()
    assert form.help.text() == "width: int, required. Size of every layer.\n✓ from shapes. From fc1.weight [64, 3]."
    form.folds["cfg",].setFocus()
    assert form.help.text() == "cfg: models.Config"


def test_that_no_two_keys_of_the_dialog_are_the_same(show: Any) -> None:
    _window, dialog = show()
    texts = [each.text() for kind in (QLabel, QAbstractButton) for each in dialog.findChildren(kind) if "&" in each.text()]
    letters = [text[text.index("&") + 1].lower() for text in texts]
    assert sorted(letters) == sorted(set(letters))
    assert {"o", "w", "j"} <= set(letters)


def test_that_everything_that_takes_the_focus_has_a_name(show: Any) -> None:
    _window, dialog = show()
    for widget in dialog.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible() and widget.focusProxy() is None:
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            around = widget.parentWidget().accessibleName() if isinstance(widget.parentWidget(), QComboBox) else ""
            assert widget.accessibleName() or text or around, widget


@pytest.mark.parametrize(
    ("message", "hint", "sentence"),
    [
        ("`Net` failed: KeyError: 'b'", "Look at line 6.", "Net failed: KeyError: 'b'. Look at line 6."),
        ("It is no Module.", "", "It is no Module."),
    ],
)
def test_that_a_failure_is_what_happened_and_what_to_do(message: str, hint: str, sentence: str) -> None:
    assert failure_text(Failed((Problem("target-construct", message, hint=hint),))) == sentence
    assert failure_text(Failed((), cancelled=True)) == ""


@pytest.mark.parametrize(
    ("field", "text", "shown"),
    [
        (FIELDS[0], "64", "64"),
        (CONFIG.fields[1], "gelu", "gelu"),
        (CONFIG.fields[1], "odd", "odd"),
        (CONFIG.fields[2], "False", "False"),
        (FIELDS[3], "torch.nn.GELU", "torch.nn.GELU"),
        (FIELDS[3], "", ""),
    ],
)
def test_that_an_editor_shows_what_it_is_given_and_is_silent(qtbot: Any, field: ArgumentField, text: str, shown: str) -> None:
    editor = editor_for(field)
    qtbot.addWidget(editor)
    with qtbot.assertNotEmitted(editor.edited):
        editor.show_text(text)
    assert editor.value_text() == shown
    editor.show_text("")
    assert editor.value_text() == ""


def test_that_a_long_note_is_cut_and_whole_in_its_tool_tip(qtbot: Any) -> None:
    label = NoteLabel()
    qtbot.addWidget(label)
    label.resize(60, 20)
    label.show_note("✓ from a.very.long.module.path.weight [64, 3]", "matched")
    assert label.text().endswith("…")
    assert label.toolTip() == label.accessibleName() == "✓ from a.very.long.module.path.weight [64, 3]"
    label.resize(2000, 20)
    label.show_note(label.note, "matched")
    assert label.text() == label.note


def test_that_what_the_checkpoint_and_the_file_beside_it_say_is_gathered(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"hidden_size": 8}', encoding="utf-8")
    contents = replace(panel_data.checkpoint(), path=str(tmp_path / "last.pt"))
    question = GatherStored("m.py:Net", contents, "ema", {"width": 4}, {})(lambda *_done: None)
    assert question.target == "m.py:Net"
    assert question.given == {"width": 4}
    assert question.stored["hidden_size"] == 8
    assert question.stored["args"] == {"arch": "classifier-small"}
    assert "optimizer_state_dict" not in question.stored
    assert {tensor.key for tensor in question.wanted} == {each.key for each in contents.tensors if each.container == "ema"}


def test_that_only_the_latest_targets_are_remembered(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "window.ini")
    for number in range(ARGUMENTS_COUNT + 2):
        settings.remember_arguments(f"m{number}.py:Net", {"width": number})
    assert settings.arguments_of("m0.py:Net") == {}
    assert settings.arguments_of(f"m{ARGUMENTS_COUNT + 1}.py:Net") == {"width": ARGUMENTS_COUNT + 1}
    settings.remember_arguments(f"m{ARGUMENTS_COUNT + 1}.py:Net", {})
    assert settings.arguments_of(f"m{ARGUMENTS_COUNT + 1}.py:Net") == {}
    for broken in ("{", "[1]", '{"a": 5}'):
        settings.set_text("arguments", broken)
        assert settings.arguments_of("a") == {}
