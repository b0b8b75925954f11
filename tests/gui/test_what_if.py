"""The what-if: which tensors would stay behind."""

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from gui.panel_data import QuietSession
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.what_if import model as rows
from torchloupe.gui.what_if.dialog import WhatIfDialog
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.registration import HiddenPart, LeftBehind, MovedModel, MoveModel

PART = HiddenPart("head", "parts", "parts[0]", "module", "Linear", "list", 2, 20)
WEIGHT = LeftBehind("head.parts[0].weight", "head", (4, 5), "float32", "cpu", "cuda:0 float16", "It is in a `list`.", "/m.py", 11)
LOOSE = LeftBehind("pe", "", (7,), "float32", "cpu", "cuda:0 float16", "A plain tensor.")
BEHIND = MovedModel((WEIGHT, LOOSE), 29)


@pytest.fixture
def dialog(qtbot: Any) -> Iterator[Any]:
    """On the classifier; ``dialog.session`` answers."""
    parent, workbench = QWidget(), Workbench()
    tree = panel_data.tree()
    workbench.set_model(panel_data.opened(tree=ModuleTree(tree.modules, tree.parameters, (PART,))))
    session = QuietSession({MoveModel: BEHIND})
    jobs = Jobs(session)
    qtbot.addWidget(parent, before_close_func=lambda _widget: jobs.close())
    made: Any = WhatIfDialog(parent, workbench, jobs, None)
    made.session, made.jobs = session, jobs
    made.show()
    wait(made, qtbot)
    yield made
    parent.close()  # the parent stays that long


def wait(dialog: Any, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not dialog.jobs.busy, timeout=PATIENCE_MS)


def test_that_it_asks_at_once_and_lists_what_would_stay_behind(dialog: Any) -> None:
    assert dialog.session.asked == [MoveModel("cuda", "float16")]
    assert dialog.answer.text() == "✖ After .to('cuda', torch.float16) 2 tensors would stay behind, 29 tensors would come along."
    first = dialog.table.model.rows[0]
    assert first.cells == ("head.parts[0].weight", "It is in a list.", "[4, 5]", "float32 cpu", "cuda:0 float16", "m.py:11")
    assert first.tips[5] == "/m.py:11"


def test_that_another_device_or_dtype_asks_again(dialog: Any, qtbot: Any) -> None:
    dialog.device.setCurrentText("as it is")
    wait(dialog, qtbot)
    dialog.dtype.setCurrentText("bfloat16")
    wait(dialog, qtbot)
    assert dialog.session.asked[1:] == [MoveModel(None, "float16"), MoveModel(None, "bfloat16")]


def test_that_moving_nowhere_is_not_asked(dialog: Any, qtbot: Any) -> None:
    for choice in (dialog.device, dialog.dtype):
        choice.setCurrentText("as it is")
    wait(dialog, qtbot)
    assert dialog.answer.text() == "Choose a device or a dtype to move to."
    assert MoveModel() not in dialog.session.asked


def test_that_nothing_left_behind_is_said_with_what_comes_along(dialog: Any, qtbot: Any) -> None:
    dialog.session.answers[MoveModel] = MovedModel((), 31)
    dialog.ask()
    wait(dialog, qtbot)
    assert dialog.answer.text() == "✓ After .to('cuda', torch.float16) nothing would stay behind: 31 tensors would come along."
    assert dialog.table.empty.label.text() == "Nothing is left behind."


def test_that_a_row_leads_to_what_holds_it_and_to_its_line(dialog: Any, qtbot: Any) -> None:
    with qtbot.waitSignal(dialog.workbench.source_wanted, timeout=PATIENCE_MS) as wanted:
        dialog.table.view.selectRow(0)
    assert wanted.args == ["/m.py", 11]
    assert dialog.workbench.selection == Selection(module="head", hidden=PART)
    with qtbot.assertNotEmitted(dialog.workbench.source_wanted):
        dialog.table.view.selectRow(1)
    assert dialog.workbench.selection.module == ""


def test_that_enter_opens_the_line_in_the_editor(dialog: Any, qtbot: Any) -> None:
    with qtbot.waitSignal(dialog.workbench.editor_wanted, timeout=PATIENCE_MS) as wanted:
        dialog.table.activated.emit(0)
    assert wanted.args == ["/m.py", 11]
    with qtbot.assertNotEmitted(dialog.workbench.editor_wanted):
        dialog.table.activated.emit(1)


def test_that_a_failure_is_said_with_what_to_do(dialog: Any, qtbot: Any) -> None:
    dialog.session.answers.clear()
    dialog.ask()
    wait(dialog, qtbot)
    assert dialog.answer.text() == "The worker was killed. Restart it."
    assert dialog.table.model.rows == []


def test_that_another_model_is_asked_about_anew_and_no_model_is_said(dialog: Any, qtbot: Any) -> None:
    dialog.workbench.set_model(panel_data.opened())
    wait(dialog, qtbot)
    assert len(dialog.session.asked) == 2
    dialog.workbench.set_model(None)
    assert dialog.answer.text() == "No model is open."


def test_that_the_device_of_the_run_is_offered_first(qtbot: Any) -> None:
    parent, jobs = QWidget(), Jobs(QuietSession())
    qtbot.addWidget(parent, before_close_func=lambda _widget: jobs.close())
    made = WhatIfDialog(parent, Workbench(), jobs, "mps")
    assert made.device.currentText() == "mps"
    assert [made.device.itemText(number) for number in range(made.device.count())].count("mps") == 1


@pytest.mark.parametrize(
    ("device", "dtype", "text"),
    [
        ("cuda", "float16", ".to('cuda', torch.float16)"),
        ("as it is", "float64", ".to(torch.float64)"),
        ("cpu", "as it is", ".to('cpu')"),
    ],
)
def test_that_a_move_is_written_as_python_writes_it(device: str, dtype: str, text: str) -> None:
    assert rows.move_text(rows.question(device, dtype)) == text


def test_that_the_window_shows_the_source_of_a_row_and_the_dialog_stays(
    make_window: MakeWindow, qtbot: Any, model_file: Any
) -> None:
    left = LeftBehind("pe", "", (7,), "float32", "cpu", "cuda:0", "A plain tensor.", str(model_file), 4)
    window: Any = make_window({MoveModel: [MovedModel((left,), 3)]})
    window.open_paths([model_file])
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    window.actions_by_id["model.what_if"].trigger()
    (dialog,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, WhatIfDialog)]
    qtbot.waitUntil(lambda: len(dialog.table.model.rows) == 1, timeout=PATIENCE_MS)
    dialog.table.view.selectRow(0)
    assert window.docks.tabs.currentWidget().place.id == "source"
    source = window.docks.panels["source"].inside()
    qtbot.waitUntil(lambda: source.code.marked == 4, timeout=PATIENCE_MS)
    assert dialog.isVisible()
    dialog.reject()
