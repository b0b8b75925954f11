"""torchinfo's table in the window."""

from typing import Any

import pytest

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from gui.panel_data import QuietSession, open_panel
from torchloupe.gui.summary.panel import MOST_LINES, SummaryPanel
from torchloupe.session.own_packages import torchinfo_folder
from torchloupe.wire.requests import SummaryTable, SummaryText

TABLE = "=====\nLinear   178\n====="


@pytest.fixture
def panel(qtbot: Any) -> Any:
    made = open_panel(qtbot, SummaryPanel, QuietSession({SummaryTable: SummaryText(TABLE)}))
    made.workbench.set_model(panel_data.opened())
    return made


def ask(panel: Any, qtbot: Any, *inputs: str) -> None:
    panel.ask(inputs)
    qtbot.waitUntil(lambda: not panel.bench_jobs.busy, timeout=PATIENCE_MS)


def test_that_the_table_is_asked_for_and_shown_in_letters_of_one_width(panel: Any, qtbot: Any) -> None:
    assert panel.empty.isVisible()
    ask(panel, qtbot, "float32[1,3]")
    assert panel.bench_jobs.session.asked == [SummaryTable(("float32[1,3]",), torchinfo_folder())]
    assert panel.text.toPlainText() == TABLE
    assert panel.text.isReadOnly()
    assert panel.text.fontMetrics().horizontalAdvance("iii") == panel.text.fontMetrics().horizontalAdvance("===")


def test_that_all_of_it_is_copied_or_what_is_marked(panel: Any, qtbot: Any) -> None:
    ask(panel, qtbot)
    assert panel.copy_rows() == TABLE
    cursor = panel.text.textCursor()
    cursor.movePosition(cursor.MoveOperation.End)
    cursor.movePosition(cursor.MoveOperation.PreviousBlock, cursor.MoveMode.KeepAnchor)
    panel.text.setTextCursor(cursor)
    assert panel.copy_rows() == "Linear   178\n====="


def test_that_of_a_very_long_table_all_is_copied_and_its_beginning_shown(panel: Any, qtbot: Any) -> None:
    long = "\n".join(f"line {number}" for number in range(MOST_LINES + 3))
    panel.bench_jobs.session.answers[SummaryTable] = SummaryText(long)
    ask(panel, qtbot)
    assert panel.text.document().blockCount() == MOST_LINES + 1
    assert panel.text.toPlainText().endswith("… and 3 lines more; copying takes all of them.")
    assert panel.copy_rows() == long


def test_that_another_model_has_another_table(panel: Any, qtbot: Any) -> None:
    ask(panel, qtbot)
    panel.workbench.set_model(panel_data.opened())
    assert panel.empty.isVisible()
    assert panel.copy_rows() == ""


def test_that_a_failure_is_said(panel: Any, qtbot: Any) -> None:
    panel.bench_jobs.session.answers.clear()
    ask(panel, qtbot)
    assert panel.empty.label.text() == "The worker was killed. Restart it."


def test_that_without_a_model_nothing_is_asked(panel: Any, qtbot: Any) -> None:
    panel.workbench.set_model(None)
    ask(panel, qtbot)
    assert panel.bench_jobs.session.asked == []


def test_that_the_command_opens_the_tab_with_the_table(make_window: MakeWindow, qtbot: Any, model_file: Any) -> None:
    window: Any = make_window({SummaryTable: [SummaryText(TABLE)]})
    window.open_paths([model_file])
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    tab = window.docks.tabs.indexOf(window.docks.panels["summary"])
    assert not window.docks.tabs.isTabVisible(tab)
    window.actions_by_id["model.summary"].trigger()
    assert window.docks.tabs.currentIndex() == tab
    inside = window.docks.panels["summary"].inside()
    qtbot.waitUntil(lambda: inside.text.toPlainText() == TABLE, timeout=PATIENCE_MS)


def test_that_our_own_torchinfo_is_found_without_being_imported() -> None:
    import sys

    before = set(sys.modules)
    assert torchinfo_folder() is None or torchinfo_folder().endswith("site-packages")  # type: ignore[union-attr]
    assert "torchinfo" not in set(sys.modules) - before
