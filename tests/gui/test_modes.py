"""Train against eval mode in the window: what is asked, listed and said, and where a row leads."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from gui.panel_data import QuietSession
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.modes import model as rows
from torchloupe.gui.modes.dialog import ModesDialog
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.numerics import DROPOUT, CompareModes, ModeCall, ModeChange, ModesCompared
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, RunForward
from torchloupe.wire.traces import ForwardReport

DROPS = ModeChange(DROPOUT, "dropout", 0.3, file="/m.py", line=8)
COMPARED = ModesCompared(
    (
        ModeCall(0, "", "Classifier", 0, 0, (2, 4), 0.25, 0.0),
        ModeCall(1, "fc1", "Linear", 0, 1, (2, 8), 0.0, 0.0),
        ModeCall(2, "fc2", "Dropout", 0, 1, (2, 8), 0.7, 0.0, 0.1, 1.2, 0.1, 1.0, changes=(DROPS,), file="/m.py", line=8),
        ModeCall(3, "aux", "Linear", 0, 1, (), None, None, only_in="train"),
    ),
    0.25,
)
REPORT = ForwardReport((), "worked_out", (), 1, 0.1, "cpu", input_specs=("float32[2,5]",))


@pytest.fixture
def dialog(qtbot: Any) -> Iterator[Any]:
    """On the classifier; ``dialog.session`` answers."""
    parent, workbench = QWidget(), Workbench()
    workbench.set_model(panel_data.opened())
    session = QuietSession({CompareModes: COMPARED})
    jobs = Jobs(session)
    qtbot.addWidget(parent, before_close_func=lambda _widget: jobs.close())
    made: Any = ModesDialog(parent, workbench, jobs)
    made.session, made.jobs = session, jobs
    made.show()
    wait(made, qtbot)
    yield made
    parent.close()  # the parent stays that long


def wait(dialog: Any, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not dialog.jobs.busy, timeout=PATIENCE_MS)


def listed(dialog: Any) -> list[str]:
    return [row.cells[0] for row in dialog.table.model.rows]


def test_that_it_asks_at_once_and_lists_the_calls_that_differ(dialog: Any) -> None:
    assert dialog.session.asked == [CompareModes()]
    assert listed(dialog) == ["(model)", "fc2", "aux"]
    assert dialog.answer.text().startswith("The answer in train mode differs from that in eval mode by 25 %.\nThe first call")


def test_that_all_calls_can_be_listed(dialog: Any) -> None:
    dialog.only.setChecked(False)
    assert listed(dialog) == ["(model)", "fc1", "fc2", "aux"]


def test_that_a_row_leads_to_its_module_and_its_line(dialog: Any) -> None:
    shown: list[tuple[str, int]] = []
    edited: list[tuple[str, int]] = []
    dialog.workbench.source_wanted.connect(lambda file, line: shown.append((file, line)))
    dialog.workbench.editor_wanted.connect(lambda file, line: edited.append((file, line)))
    dialog.table.chosen.emit(2)
    assert dialog.workbench.selection.module == "fc2"
    dialog.table.activated.emit(2)
    dialog.table.chosen.emit(1)
    dialog.table.activated.emit(1)
    assert (shown, edited) == ([("/m.py", 8)], [("/m.py", 8)])


def test_that_another_model_is_asked_about_and_none_is_said(dialog: Any, qtbot: Any) -> None:
    dialog.workbench.set_model(panel_data.opened())
    wait(dialog, qtbot)
    assert len(dialog.session.asked) == 2
    dialog.workbench.set_model(None)
    assert dialog.answer.text() == "No model is open."
    assert listed(dialog) == []


def test_that_a_failure_is_said(dialog: Any, qtbot: Any) -> None:
    failed = Failed((Problem("forward-failed", "In eval mode the model does not run.", hint="Mend it."),))
    dialog.session.answers[CompareModes] = failed
    dialog.ask()
    wait(dialog, qtbot)
    assert dialog.answer.text() == "In eval mode the model does not run. Mend it."
    dialog.session.answers[CompareModes] = Failed((), cancelled=True)
    dialog.ask()
    wait(dialog, qtbot)
    assert dialog.answer.text() == "Cancelled."


def test_that_equal_modes_leave_an_empty_table_that_says_so(dialog: Any, qtbot: Any) -> None:
    dialog.session.answers[CompareModes] = ModesCompared((COMPARED.calls[1],), 0.0)
    dialog.ask()
    wait(dialog, qtbot)
    assert listed(dialog) == []
    assert dialog.answer.text().startswith("Train and eval mode give the same")


def test_that_the_input_of_the_run_on_screen_is_used() -> None:
    asked = RunForward(("int64[3]",))
    assert rows.inputs_of(asked, None) == ("int64[3]",)
    assert rows.inputs_of(RunForward(), REPORT) == ("float32[2,5]",)
    assert rows.inputs_of(asked, replace(REPORT, input_source="given")) == ("int64[3]",)


def test_that_the_rows_say_what_each_call_is() -> None:
    found = rows.call_rows(COMPARED, only_differing=False)
    assert found[2].cells[3:] == ("70 %", "1.2", "1", "dropout drops each value with probability 0.3 (line 8)", "m.py:8")
    assert found[2].tips[7] == "/m.py:8"
    assert found[1].cells[6] == ""
    assert found[3].cells[2:4] == ("", "–")
    carried = rows.call_rows(ModesCompared((ModeCall(0, "fc", "Linear", 0, 0, (2,), 0.3, 0.2),)), only_differing=True)
    assert carried[0].cells[6] == "carried on"


def test_that_the_menu_opens_it(make_window: MakeWindow, qtbot: Any) -> None:
    window = make_window()
    action = window.actions_by_id["run.compare_modes"]
    assert action.text() == "&Train against eval mode…"
    assert not action.isEnabled()
    window.workbench.set_model(panel_data.opened())
    window.dialogs.compare_modes()
    (shown,) = window.findChildren(ModesDialog)
    qtbot.waitUntil(lambda: "…" not in shown.answer.text(), timeout=PATIENCE_MS)
    shown.close()
