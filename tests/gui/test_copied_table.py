"""Tables as they are copied, and which table that is."""

import csv
import io
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from gui.conftest import PATIENCE_MS
from torchloupe.gui import copying
from torchloupe.gui.copied_table import CopiedTable
from torchloupe.gui.text_table import FilterTable, Row

TABLE = CopiedTable(("Key", "Shape"), [("a.weight", "[3, 4]"), ('odd | "key"\nof <two> \\ lines', "")])


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def test_that_text_has_tabs_and_no_titles() -> None:
    assert TABLE.as_text().split("\n")[0] == "a.weight\t[3, 4]"


def test_that_markdown_is_a_table_whatever_stands_in_a_cell() -> None:
    assert TABLE.as_markdown().split("\n") == [
        "| Key | Shape |",
        "| --- | --- |",
        "| a.weight | [3, 4] |",
        '| odd \\| "key" of &lt;two> \\\\ lines |  |',
    ]


def test_that_csv_is_read_back_as_it_was() -> None:
    assert list(csv.reader(io.StringIO(TABLE.as_csv()))) == [list(TABLE.titles), *map(list, TABLE.rows)]
    assert not TABLE.as_csv().endswith("\n")


def test_that_no_rows_are_titles_alone() -> None:
    empty = CopiedTable(("Key", "Shape"), [])
    assert empty.as_text() == ""
    assert empty.as_csv() == "Key,Shape"
    assert empty.as_markdown() == "| Key | Shape |\n| --- | --- |"


def test_that_the_selected_rows_are_copied_and_all_when_none_is(qtbot: Any) -> None:
    table = FilterTable(["Key", "Shape"], "Keys")
    qtbot.addWidget(table)
    table.set_rows([Row(("a", "[1]"), "a"), Row(("b", "[2]"), "b")])
    assert table.copied_table().titles == ("Key", "Shape")
    assert list(table.copied_table().rows) == [("a", "[1]"), ("b", "[2]")]
    table.select_key("b")
    assert list(table.copied_table().rows) == [("b", "[2]")]
    assert table.copied_text() == "b\t[2]"


def test_that_only_what_the_filter_shows_is_copied(qtbot: Any) -> None:
    table = FilterTable(["Key"], "Keys")
    qtbot.addWidget(table)
    table.set_rows([Row(("conv",), 0), Row(("fc",), 1)])
    table.filter.setText("fc")
    assert list(table.copied_table().rows) == [("fc",)]
    assert list(table.copied_table().rows[:1]) == [table.copied_table().rows[0]]


PANELS = ["modules", "checkpoint", "calls", "compare", "problems", "log"]


@pytest.mark.parametrize("panel", PANELS)
def test_that_every_panel_with_a_table_can_be_copied_in_both_ways(full_window: Any, panel: str, qtbot: Any) -> None:
    full_window.book.add("app", "Opened.")
    full_window.docks.focus_panel(panel)
    qtbot.waitUntil(lambda: full_window.docks.focused_panel() == panel, timeout=PATIENCE_MS)
    if panel == "log":  # lines are shown a moment after they are written
        lines_shown = full_window.docks.panels[panel].inside().table
        qtbot.waitUntil(lambda: bool(lines_shown.copied_table().rows), timeout=PATIENCE_MS)
    full_window.actions_by_id["edit.copy_markdown"].trigger()
    head, border, *rows = clipboard().split("\n")
    assert set(border) == {"|", "-", " "}
    assert {line.replace("\\|", "").count("|") for line in (head, border, *rows)} == {head.count("|")}
    assert "Copied" in full_window.status.message.text()
    full_window.actions_by_id["edit.copy_csv"].trigger()
    lines = list(csv.reader(io.StringIO(clipboard())))
    assert {len(line) for line in lines} == {head.count("|") - 1}
    assert len(lines) == len(rows) + 1 >= 2


def test_that_a_parameter_is_copied_with_its_whole_key(full_window: Any, qtbot: Any) -> None:
    full_window.workbench.select_module("head.fc1")
    full_window.docks.focus_panel("modules")
    panel = full_window.docks.panels["modules"].inside()
    panel.parameters.view.setFocus()
    qtbot.waitUntil(panel.parameters.view.hasFocus, timeout=PATIENCE_MS)
    full_window.actions_by_id["edit.copy_csv"].trigger()
    assert "head.fc1.weight" in clipboard()
    assert panel.copy_rows().startswith("head.fc1.")


@pytest.mark.parametrize("action", ["edit.copy", "edit.copy_markdown", "edit.copy_csv"])
def test_that_a_large_table_is_copied_by_a_job(
    full_window: Any, action: str, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    full_window.docks.focus_panel("calls")
    full_window.docks.panels["calls"].inside().table.view.selectAll()
    full_window.actions_by_id[action].trigger()
    at_once = clipboard()
    QGuiApplication.clipboard().clear()
    monkeypatch.setattr(copying, "MOST_AT_ONCE", 1)
    full_window.actions_by_id[action].trigger()
    assert full_window.jobs.runs("copy")
    qtbot.waitUntil(lambda: clipboard() == at_once, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not full_window.jobs.busy, timeout=PATIENCE_MS)
    assert full_window.status.message.text().startswith("Copied ")


def test_that_the_count_of_rows_is_said(full_window: Any) -> None:
    full_window.docks.focus_panel("problems")
    table = full_window.docks.panels["problems"].inside().table
    table.select_key(table.model.rows[0].key)
    full_window.actions_by_id["edit.copy_markdown"].trigger()
    assert full_window.status.message.text() == "Copied 1 row."


def test_that_a_panel_without_a_table_says_so_and_leaves_the_clipboard(full_window: Any) -> None:
    QGuiApplication.clipboard().setText("kept")
    full_window.docks.focus_panel("details")
    full_window.actions_by_id["edit.copy_csv"].trigger()
    assert full_window.status.message.text() == "There is no table to copy here."
    assert clipboard() == "kept"


def test_that_without_a_focused_panel_there_is_nothing_to_copy(full_window: Any) -> None:
    field: QWidget = full_window.run_bar.input
    field.setFocus()
    full_window.actions_by_id["edit.copy_markdown"].trigger()
    assert full_window.status.message.text() == "There is no table to copy here."
