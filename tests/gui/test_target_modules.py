"""Arguments that are modules in the target dialog: a class is chosen, and its arguments unfold below it."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QComboBox

from gui.conftest import PATIENCE_MS, MakeWindow
from gui.test_target_arguments import dialog_of, open_button, type_into
from torchloupe.gui.opening import Asked
from torchloupe.gui.settings import Settings
from torchloupe.gui.target_dialog.field_values import choices_of, read_value, text_of
from torchloupe.gui.target_dialog.form_rows import keywords, lacking, rows_of, typed_texts
from torchloupe.gui.target_dialog.module_fields import DEEPEST, named_classes, spread, unfolded
from torchloupe.wire.arguments import ArgumentField, ArgumentForm, DescribeArguments
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, OpenTarget

OFFERED = ("Encoder", "Stem", "torch.nn.ReLU")
MODULE = ArgumentField("encoder", "module", "nn.Module", choices=OFFERED)
HEAD = ArgumentField("head", "module", "", True, None, "None", OFFERED, optional=True)
CLASSES = ArgumentField("classes", "int", "int", True, 4, "4")
FIELDS = (MODULE, HEAD, CLASSES)
WIDTH = ArgumentField("width", "int", "int", summary="Size of every layer.")
KNOWN = {
    "Encoder": (WIDTH, ArgumentField("depth", "int", "int", True, 2, "2")),
    "Stem": (ArgumentField("inner", "module", "nn.Module", choices=OFFERED),),
    "torch.nn.ReLU": (ArgumentField("inplace", "bool", "bool", True, False, "False"),),
}
ENCODER = ("encoder",)
ARGUMENTS: list[dict[str, Any]] = [
    {"encoder": "Encoder"},
    {"encoder": {"Encoder": {"width": 8}}, "classes": 5},
    {"encoder": {"Stem": {"inner": {"Encoder": {"width": 8, "depth": 3}}}}, "head": "torch.nn.ReLU"},
    {"encoder": {"Encoder": {"width": 8, "odd": [1, 2]}}},
    {"encoder": "torch.nn.PReLU", "extra": 1},
    {"encoder": {"torch.nn.PReLU": {"num_parameters": 3}}},
]


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_that_keywords_go_into_rows_and_come_out_again(arguments: dict[str, Any]) -> None:
    fields, texts, rest = spread(FIELDS, arguments, KNOWN)
    assert keywords(fields, texts, rest) == arguments


@pytest.mark.parametrize("arguments", ARGUMENTS)
def test_that_nothing_is_lost_while_the_classes_are_not_known(arguments: dict[str, Any]) -> None:
    fields, texts, rest = spread(FIELDS, arguments, {})
    assert fields == FIELDS
    assert keywords(fields, texts, rest) == arguments
    later = spread(fields, keywords(fields, texts, rest), KNOWN)
    assert keywords(*later) == arguments


def test_that_the_arguments_of_a_class_follow_its_row() -> None:
    fields, texts, _rest = spread(FIELDS, ARGUMENTS[2], KNOWN)
    assert [row.name for row in rows_of(fields)] == [
        "encoder",
        "encoder.inner",
        "encoder.inner.width",
        "encoder.inner.depth",
        "head",
        "head.inplace",
        "classes",
    ]
    assert texts["encoder", "inner", "width"] == "8"


def test_that_another_class_takes_the_arguments_of_the_first_away() -> None:
    _fields, texts, rest = spread(FIELDS, ARGUMENTS[3], KNOWN)
    texts[ENCODER] = "torch.nn.ReLU"
    assert keywords(unfolded(FIELDS, texts, KNOWN), texts, rest) == {"encoder": "torch.nn.ReLU"}
    del texts[ENCODER]
    assert keywords(unfolded(FIELDS, texts, KNOWN), texts, rest) == {}


def test_that_what_a_class_needs_must_be_typed() -> None:
    texts = {ENCODER: "Encoder"}
    rows = list(rows_of(unfolded(FIELDS, texts, KNOWN)))
    assert lacking(rows, texts, {}) == ["encoder.width"]
    assert lacking(rows, texts, {"encoder": {"Encoder": {"odd": 1}}}) == ["encoder.width"]
    assert lacking(rows, {**texts, ("encoder", "width"): "8"}, {}) == []
    assert lacking(list(rows_of(FIELDS)), {}, {}) == ["encoder"]


def test_that_a_class_that_holds_itself_unfolds_no_deeper_than_somebody_types() -> None:
    inner: Any = "Stem"
    for _ in range(DEEPEST + 3):
        inner = {"Stem": {"inner": inner}}
    fields, texts, rest = spread(FIELDS, {"encoder": inner}, KNOWN)
    assert max(len(row.path) for row in rows_of(fields)) == DEEPEST
    assert keywords(fields, texts, rest) == {"encoder": inner}


def test_that_only_classes_that_are_offered_are_asked_about() -> None:
    assert list(named_classes(FIELDS, {ENCODER: "Encoder", ("head",): "Enc"})) == ["Encoder"]


def test_that_a_class_is_written_as_its_name() -> None:
    assert text_of(MODULE, "torch.nn.ReLU") == "torch.nn.ReLU"
    assert read_value(MODULE, " Encoder ") == "Encoder"
    assert read_value(HEAD, "None") is None
    assert choices_of(HEAD) == (*OFFERED, "None")
    assert typed_texts(FIELDS, {"head": {"a": 1, "b": 2}})[0] == {("head",): "{'a': 1, 'b': 2}"}


def described(request: DescribeArguments) -> Any:
    """The worker's answer, of the target and of the classes that it knows."""
    if not request.module_class:
        return ArgumentForm(request.target, "Wide", FIELDS)
    if request.module_class not in KNOWN:
        return Failed((Problem("usage", "No such class."),))
    return ArgumentForm(request.target, request.module_class, KNOWN[request.module_class])


@pytest.fixture
def shown(make_window: MakeWindow, two_classes: Path, qtbot: Any) -> Any:
    """A window and its dialog, in which the arguments of a class with modules are asked for."""

    def show(arguments: dict[str, Any] | None = None, settings: Settings | None = None) -> Any:
        window: Any = make_window({DescribeArguments: described}, settings=settings)
        window.dialogs.open_model(Asked(OpenTarget(f"{two_classes}:Wide", arguments)))
        dialog = dialog_of(window)
        qtbot.waitUntil(lambda: len(dialog.arguments.form.rows) >= 3 and not window.jobs.busy, timeout=PATIENCE_MS)
        return window, dialog

    return show


def names(dialog: Any) -> list[str]:
    return [row.name for row in dialog.arguments.form.rows]


def test_that_a_chosen_class_unfolds_and_is_opened(shown: Any, qtbot: Any) -> None:
    window, dialog = shown()
    form = dialog.arguments.form
    editor = form.editors[ENCODER]
    assert isinstance(editor, QComboBox)
    assert [editor.itemText(number) for number in range(editor.count())] == list(OFFERED)
    editor.setFocus()
    type_into(dialog, ENCODER, "Encoder")
    qtbot.waitUntil(lambda: "encoder.width" in names(dialog), timeout=PATIENCE_MS)
    assert form.editors[ENCODER].value_text() == "Encoder"
    assert dialog.says.text() == "Wide needs encoder.width."
    assert not open_button(dialog).isEnabled()
    type_into(dialog, ("encoder", "width"), "8")
    assert dialog.arguments.text.toPlainText().split() == [
        "{",
        '"encoder":',
        "{",
        '"Encoder":',
        "{",
        '"width":',
        "8",
        "}",
        "}",
        "}",
    ]
    open_button(dialog).click()
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    (request,) = [each for each in window.sessions[-1].asked if isinstance(each, OpenTarget)]
    assert request.arguments == {"encoder": {"Encoder": {"width": 8}}}


def test_that_arguments_that_are_known_already_unfold_by_themselves(shown: Any, qtbot: Any) -> None:
    _window, dialog = shown({"encoder": {"Stem": {"inner": {"Encoder": {"width": 8}}}}})
    qtbot.waitUntil(lambda: "encoder.inner.width" in names(dialog), timeout=PATIENCE_MS)
    assert dialog.arguments.form.editors["encoder", "inner", "width"].value_text() == "8"
    assert dialog.arguments.arguments == {"encoder": {"Stem": {"inner": {"Encoder": {"width": 8}}}}}
    dialog.reject()


def test_that_each_class_is_asked_about_once(shown: Any, qtbot: Any) -> None:
    window, dialog = shown({"encoder": {"Encoder": {"width": 8}}, "head": {"Encoder": {"width": 3}}})
    qtbot.waitUntil(lambda: "head.width" in names(dialog), timeout=PATIENCE_MS)
    asked = [each.module_class for each in window.sessions[-1].asked if isinstance(each, DescribeArguments)]
    assert asked.count("Encoder") == 1
    dialog.reject()


def test_that_what_is_typed_in_other_rows_stays_when_a_class_unfolds(shown: Any, qtbot: Any) -> None:
    _window, dialog = shown()
    type_into(dialog, ("classes",), "no number")
    type_into(dialog, ENCODER, "torch.nn.ReLU")
    qtbot.waitUntil(lambda: "encoder.inplace" in names(dialog), timeout=PATIENCE_MS)
    assert dialog.arguments.form.editors["classes",].value_text() == "no number"
    type_into(dialog, ENCODER, "")
    qtbot.waitUntil(lambda: "encoder.inplace" not in names(dialog), timeout=PATIENCE_MS)
    dialog.reject()


def test_that_the_row_that_has_the_focus_keeps_it(shown: Any, qtbot: Any) -> None:
    window, dialog = shown()
    window.activateWindow()
    dialog.arguments.form.editors[ENCODER].setFocus()
    type_into(dialog, ENCODER, "Encoder")
    qtbot.waitUntil(lambda: "encoder.width" in names(dialog), timeout=PATIENCE_MS)
    assert dialog.focusWidget() is dialog.arguments.form.editors[ENCODER]
    dialog.reject()


def test_that_a_class_by_its_whole_path_may_be_typed_and_asks_for_nothing(shown: Any) -> None:
    window, dialog = shown()
    type_into(dialog, ENCODER, "torch.nn.PReLU")
    assert dialog.arguments.arguments == {"encoder": "torch.nn.PReLU"}
    assert open_button(dialog).isEnabled()
    assert not window.jobs.busy
    dialog.reject()
