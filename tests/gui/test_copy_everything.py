"""Every table of the window can be copied and saved, every plot can be saved as a picture and has a table that says the same."""

import ast
import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QAbstractItemView, QDialog, QDialogButtonBox, QLabel, QMenu, QPushButton, QTableView, QWidget

import torchloupe.gui
from gui.conftest import PATIENCE_MS
from torchloupe.gui import theme
from torchloupe.gui.command_menu import PLOT_MENU, TABLE_MENU
from torchloupe.gui.copied_table import ALL, CHOSEN, FORMATS, SHOWN, CopiedTable
from torchloupe.gui.copy_commands import WritePicture
from torchloupe.gui.copy_sources import source_in, source_of, sources_of
from torchloupe.gui.figure import Figure, image_of, number_rows, png_of, svg_of
from torchloupe.gui.figure_table.dialog import FigureTableDialog, columns_of
from torchloupe.gui.table_copy.dialog import CopyTableDialog
from torchloupe.gui.text_table import FilterTable, Row

GUI = Path(torchloupe.gui.__file__).parent
NO_PLOTS = {
    "MainWindow",
    "DropArea",
    "DropOverlay",
    "DropTarget",
    "LineNumbers",
    "SourceCode",
    "Palette",
    "ElidedCombo",
    "ElidedLabel",
    "ElidedButton",
    "WorkerPopup",
}
"""What paints itself and shows no numbers."""
TABLE = CopiedTable(("Key", "Shape", ""), [("a|b", "[1, 2]", "x"), ("c", "", "y")])


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def dialog(window: Any, kind: type[QDialog]) -> Any:
    return next(each for each in window.findChildren(kind) if each.isVisible())


class Bars(Figure):
    """The smallest plot there is."""

    def numbers(self) -> CopiedTable:
        return CopiedTable(("Bar", "Height"), number_rows([("first", 0.125), ("second", None)]))


@pytest.fixture
def bars(qtbot: Any) -> Bars:
    made = Bars()
    made.setAccessibleName("Bars; a table says the same")
    made.resize(60, 40)
    qtbot.addWidget(made)
    made.show()
    return made


# formats


@pytest.mark.parametrize("form", FORMATS, ids=[form.name for form in FORMATS])
def test_that_every_format_says_every_cell_with_titles_and_without(form: Any) -> None:
    titled, bare = form.draw(TABLE, True), form.draw(TABLE, False)
    assert all(part in titled for part in ("Key", "Shape", "[1, 2]", "c", "y"))
    assert ("Key" in bare) == (not form.may_lack_titles)
    assert "[1, 2]" in bare


def test_that_json_names_each_cell_and_columns_without_a_title_by_their_number() -> None:
    assert json.loads(TABLE.as_json())[0] == {"Key": "a|b", "Shape": "[1, 2]", "3": "x"}
    assert json.loads(TABLE.as_json(titled=False))[1] == ["c", "", "y"]
    assert list(json.loads(CopiedTable(("a", "a"), [("1", "2")]).as_json())[0]) == ["a", "a (2)"]


# which rows


def test_that_chosen_shown_and_all_rows_are_told_apart(qtbot: Any) -> None:
    table = FilterTable(["Key"], "Keys")
    qtbot.addWidget(table)
    table.set_rows([Row((name,), name) for name in ("conv.b", "conv.a", "fc")])
    table.filter.setText("conv")
    table.view.horizontalHeader().setSortIndicator(0, Qt.SortOrder.AscendingOrder)
    assert [row[0] for row in table.copied_table(SHOWN).rows] == ["conv.a", "conv.b"]
    table.select_key("conv.b")
    assert [row[0] for row in table.copied_table(CHOSEN).rows] == ["conv.b"]
    assert [row[0] for row in table.copied_table(SHOWN).rows] == ["conv.a", "conv.b"]
    assert [row[0] for row in table.copied_table(ALL).rows] == ["conv.b", "conv.a", "fc"]


def test_that_a_plain_view_is_copied_with_the_names_of_its_rows(qtbot: Any) -> None:
    from PySide6.QtGui import QStandardItem, QStandardItemModel

    view, model = QTableView(), QStandardItemModel(2, 2)
    for at in range(4):
        model.setItem(at // 2, at % 2, QStandardItem(str(at)))
    view.setModel(model)
    view.setAccessibleName("Values")
    qtbot.addWidget(view)
    view.show()
    source = source_of(view)
    assert source is not None
    assert (source.table(SHOWN).titles, list(source.table(SHOWN).rows)) == (("", "1", "2"), [["1", "0", "1"], ["2", "2", "3"]])
    view.selectRow(1)
    assert list(source.table(CHOSEN).rows) == [["2", "2", "3"]]
    view.clearSelection()
    view.verticalHeader().hide()
    assert list(source.table(CHOSEN).rows) == [["0", "1"], ["2", "3"]]


# all of them


def test_that_whatever_paints_itself_is_a_plot_with_numbers() -> None:
    painters = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for file in GUI.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and any(getattr(each, "name", "") == "paintEvent" for each in node.body)
    }
    assert {"ShapeStrip", "SweepMapView", "PictureCanvas"} <= set(painters)
    without = {name for name, bases in painters.items() if not bases & {"Figure", "Plot"}}
    assert without <= NO_PLOTS


def test_that_every_plot_says_its_numbers() -> None:
    silent = []
    for file in GUI.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            bases = {base.id for base in getattr(node, "bases", ()) if isinstance(base, ast.Name)}
            if isinstance(node, ast.ClassDef) and bases & {"Figure", "Plot"} and node.name != "Plot":
                silent += [node.name] if not any(getattr(each, "name", "") == "numbers" for each in node.body) else []
    assert silent == []


def panels(window: Any, qtbot: Any) -> Iterator[tuple[str, QWidget]]:
    """Each panel, built and shown."""
    window.workbench.select_call(0)
    for name in window.docks.panels:
        window.docks.raise_panel(name)
        yield name, window.docks.panels[name].inside()


def test_that_every_table_and_every_plot_of_the_window_can_be_copied(full_window: Any, qtbot: Any) -> None:
    tables, plots = 0, set()
    for name, panel in panels(full_window, qtbot):
        for view in panel.findChildren(QAbstractItemView):
            if not isinstance(view, QTableView) or not view.isVisible():
                continue
            source = source_in(panel, view)
            assert source is not None, f"a table of {name} cannot be copied"
            assert source.name, f"a table of {name} has no name"
            copied = source.table(SHOWN)
            assert len(copied.titles) <= view.model().columnCount() + 1
            assert {len(row) for row in copied.rows[:20]} <= {len(copied.titles)}
            tables += 1
        for figure in panel.findChildren(Figure):
            assert figure.title, f"a plot of {name} has no name"
            copied = figure.numbers()
            assert {len(row) for row in copied.rows} <= {len(copied.titles)}
            if figure.isVisible() and copied.rows:
                assert QImage.fromData(png_of(figure)).width() == 2 * figure.width()
                assert b"<svg" in svg_of(figure)
                plots.add(type(figure).__name__)
        for drawn in panel.findChildren(QWidget):
            if type(drawn).__name__ == "PlotWidget":
                around = drawn.parentWidget()
                assert isinstance(around, Figure), f"a plot of {name} is no figure"
    assert tables >= 8
    assert {"ShapeStrip", "ExplainedBar"} <= plots


# the commands


def test_that_json_and_titles_are_copied_by_their_commands(full_window: Any) -> None:
    full_window.docks.focus_panel("problems")
    full_window.actions_by_id["edit.copy_json"].trigger()
    assert set(json.loads(clipboard())[0]) == {"Severity", "Problem", "What to do", "Module", "Place"}
    full_window.actions_by_id["edit.copy_titled"].trigger()
    assert clipboard().split("\n")[0] == "Severity\tProblem\tWhat to do\tModule\tPlace"


def test_that_a_problem_is_copied_with_the_versions_that_an_issue_needs(full_window: Any) -> None:
    full_window.docks.focus_panel("problems")
    full_window.actions_by_id["edit.copy"].trigger()
    first, *_, last = clipboard().split("\n")
    assert first.startswith("error: ")
    assert last.startswith("torchloupe ")
    assert "torch 2.13.0" in last
    assert "platform " in last
    full_window.docks.focus_panel("calls")
    full_window.actions_by_id["edit.copy"].trigger()
    assert "platform" not in clipboard()


def test_that_a_table_is_saved_with_the_rows_and_the_format_that_were_chosen(
    full_window: Any, qtbot: Any, tmp_path: Path
) -> None:
    full_window.docks.focus_panel("calls")
    table = full_window.docks.panels["calls"].inside().table
    table.select_key(table.model.rows[1].key)
    full_window.actions_by_id["edit.copy_table"].trigger()
    opened = dialog(full_window, CopyTableDialog)
    assert [button.text() for button in opened.rows.values()][1] == "S&elected: 1"
    assert opened.preview.toPlainText().startswith("#\tModule")
    stops = [tab.position for tab in opened.preview.document().defaultTextOption().tabs()]
    letter = opened.preview.fontMetrics().averageCharWidth()
    assert stops[0] == (len("0") + 2) * letter
    assert stops == sorted(stops)
    assert stops[1] - stops[0] >= max(len(row.cells[1]) for row in table.model.rows[:6]) * letter
    opened.titled.setChecked(False)
    opened.rows[CHOSEN].setChecked(True)
    assert opened.preview.toPlainText() == table.copied_table().as_text()
    file = tmp_path / "calls.csv"
    opened.format.setCurrentIndex(2)
    opened.titled.setChecked(True)
    opened._save_as = lambda _title, _suggested, filters, chosen: chosen(file) if "csv" in filters[0] else None
    button(opened, "Sa&ve…").click()
    qtbot.waitUntil(file.exists, timeout=PATIENCE_MS)
    assert len(list(csv.reader(io.StringIO(file.read_text(encoding="utf-8"))))) == 2
    qtbot.waitUntil(lambda: "Wrote 1 row" in full_window.status.message.text(), timeout=PATIENCE_MS)


def button(opened: QDialog, text: str) -> QPushButton:
    return next(each for each in opened.findChildren(QPushButton) if each.text() == text)


def test_that_markdown_always_has_titles_and_the_dialog_copies(full_window: Any) -> None:
    full_window.docks.focus_panel("problems")
    full_window.actions_by_id["edit.copy_table"].trigger()
    opened = dialog(full_window, CopyTableDialog)
    opened.titled.setChecked(False)
    opened.format.setCurrentIndex(1)
    assert not opened.titled.isEnabled()
    assert opened.copy.isDefault()
    opened.findChild(QDialogButtonBox).accepted.emit()
    assert clipboard().startswith("| Severity | Problem |")
    assert not opened.isVisible()


def test_that_a_plot_is_shown_as_a_table_that_can_be_saved(full_window: Any) -> None:
    full_window.docks.focus_panel("calls")
    full_window.actions_by_id["plot.table"].trigger()
    opened = dialog(full_window, FigureTableDialog)
    assert [column.title for column in opened.table.model.columns][:2] == ["State", "Module"]
    assert opened.table.model.rows
    opened.table.filter.setText("break")
    assert 0 < len(opened.table.model.rows) < len(opened.table.model.all_rows)
    button(opened, "&Copy or save…").click()
    copying = dialog(opened, CopyTableDialog)
    assert "break" in copying.preview.toPlainText()
    copying.reject()
    opened.reject()


def test_that_a_plot_is_copied_as_pixels_and_as_lines(full_window: Any) -> None:
    full_window.docks.focus_panel("calls")
    full_window.actions_by_id["plot.copy"].trigger()
    data = QGuiApplication.clipboard().mimeData()
    assert data.hasImage()
    assert b"<svg" in bytes(data.data("image/svg+xml").data())
    assert "clipboard" in full_window.status.message.text()


@pytest.mark.parametrize("suffix", [".png", ".svg", ".csv"])
def test_that_a_plot_is_saved_as_its_suffix_says(full_window: Any, qtbot: Any, tmp_path: Path, suffix: str) -> None:
    full_window.docks.focus_panel("calls")
    commands = next(each for each in full_window.children() if type(each).__name__ == "CopyCommands")
    file = tmp_path / f"strip{suffix}"
    commands._write(commands._figure(), file)
    qtbot.waitUntil(file.exists, timeout=PATIENCE_MS)
    start = {".png": b"\x89PNG", ".svg": b"<?xml", ".csv": b"State,Module"}[suffix]
    assert file.read_bytes().startswith(start)
    qtbot.waitUntil(lambda: not full_window.jobs.busy, timeout=PATIENCE_MS)


def test_that_without_a_plot_there_is_a_sentence(window: Any) -> None:
    for action in ("plot.table", "plot.copy", "plot.save"):
        window.actions_by_id[action].trigger()
        assert window.status.message.text() == "There is no plot here."


def test_that_the_menu_over_a_table_and_over_a_plot_has_its_commands(full_window: Any) -> None:
    panel = full_window.docks.panels["calls"].inside()
    full_window.docks.focus_panel("calls")
    for widget, ids in ((panel.table, TABLE_MENU), (panel.findChild(Figure), PLOT_MENU)):
        before = set(widget.findChildren(QMenu))
        widget.contextMenuEvent(QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(3, 3), widget.mapToGlobal(QPoint(3, 3))))
        (menu,) = set(widget.findChildren(QMenu)) - before
        assert [action.objectName() for action in menu.actions()] == list(ids)
        menu.close()


@pytest.mark.parametrize(("panel", "first"), [("problems", "report.reproducer"), ("compare", "mapping.map_to")])
def test_that_a_panel_puts_its_own_commands_before_those_of_a_table(full_window: Any, panel: str, first: str) -> None:
    full_window.docks.focus_panel(panel)
    table = full_window.docks.panels[panel].inside().table
    place = table.mapToGlobal(QPoint(3, 3))
    table.contextMenuEvent(QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(3, 3), place))
    (menu,) = [each for each in table.findChildren(QMenu) if each.isVisible()]
    names = [action.objectName() for action in menu.actions()]
    assert names[0] == first
    assert [name for name in names if name][-len(TABLE_MENU) :] == list(TABLE_MENU)
    assert any(action.isSeparator() for action in menu.actions())
    menu.close()


def test_that_outside_of_a_window_there_is_no_menu(bars: Bars) -> None:
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(3, 3), QPoint(3, 3))
    bars.contextMenuEvent(event)
    assert not event.isAccepted()
    assert bars.findChildren(QMenu) == []


# pictures


def test_that_a_picture_has_twice_the_pixels_on_the_ground_of_the_theme(bars: Bars) -> None:
    image = image_of(bars)
    assert (image.width(), image.height()) == (120, 80)
    assert image.pixelColor(5, 5).name() == theme.color("base").name()
    assert b"Bars" in svg_of(bars)
    assert bars.title == "Bars"


class Named(Bars):
    """Draws a name."""

    def paintEvent(self, event: Any) -> None:
        QPainter(self).drawText(2, 20, "<script>&")


def test_that_a_name_from_a_stranger_is_only_text_in_a_drawing(qtbot: Any) -> None:
    named = Named()
    qtbot.addWidget(named)
    named.show()
    assert b"<script>" not in svg_of(named)
    assert b"&lt;script&gt;&amp;" in svg_of(named)


def test_that_a_picture_is_written_whole(bars: Bars, tmp_path: Path) -> None:
    file = tmp_path / "bars.png"
    assert WritePicture(png_of(bars), file)(lambda *_what: None) == f"Wrote {file}."
    assert QImage(str(file)).width() == 120


def test_that_columns_of_numbers_stand_to_the_right(bars: Bars) -> None:
    assert [column.right for column in columns_of(bars.numbers())] == [False, True]


def test_that_a_table_of_numbers_sorts_by_size(bars: Bars, qtbot: Any) -> None:
    table = CopiedTable(("Size",), [("10",), ("9",), ("",), ("x",)])
    opened = FigureTableDialog(bars, "Sizes", table, lambda _source: None)
    opened.table.model.sort(0)
    assert [row.cells[0] for row in opened.table.model.rows] == ["9", "10", "x", ""]
    opened.close()


def test_that_labels_are_no_tables(qtbot: Any) -> None:
    label = QLabel("text")
    qtbot.addWidget(label)
    assert source_of(label) is None
    assert list(sources_of(label)) == []


def test_that_every_list_of_rows_in_the_source_is_one_that_can_be_copied() -> None:
    known = {"text_table.py": "QTableView", "value_table.py": "QTableView"}
    views = re.compile(r"\b(QTableView|QTreeView|QTableWidget|QTreeWidget|QListView|QColumnView)\(\)")
    found = {(file.name, view) for file in GUI.rglob("*.py") for view in views.findall(file.read_text(encoding="utf-8"))}
    assert found - set(known.items()) == set()
