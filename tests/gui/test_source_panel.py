"""The Source panel on a workbench."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from gui import panel_data
from gui.conftest import PATIENCE_MS
from gui.panel_data import MISMATCH, open_panel
from torchloupe.gui import theme
from torchloupe.gui.source import model
from torchloupe.gui.source.model import MOST_LINES, ReadSourceText, SourceText
from torchloupe.gui.source.panel import SourcePanel
from torchloupe.wire.modules import ModuleTree

SOURCE = "\n".join(["class Head:", "    def forward(self, x):", "        return x  # as it is", *(f"y = {n}" for n in range(60))])


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "net.py"
    path.write_text(SOURCE, encoding="utf-8")
    return str(path)


@pytest.fixture
def panel(qtbot: Any, file: str) -> Any:
    """On the classifier, whose head stands in the file."""
    made = open_panel(qtbot, SourcePanel)
    tree = panel_data.tree()
    places = {"file": file, "line": 1, "forward_file": file, "forward_line": 2, "defined_file": file, "defined_line": 40}
    modules = tuple(replace(entry, **places) if entry.path == "head" else replace(entry, file=None) for entry in tree.modules)
    made.workbench.set_model(panel_data.opened(tree=ModuleTree(modules, tree.parameters)))
    made.resize(600, 300)
    return made


def shown_line(panel: Any, qtbot: Any, line: int) -> None:
    qtbot.waitUntil(lambda: panel.code.isVisible() and panel.code.marked == line, timeout=PATIENCE_MS)


def buttons(panel: Any) -> list[QToolButton]:
    return [button for button in panel.buttons.findChildren(QToolButton) if not button.isHidden()]


def test_that_without_a_selection_the_panel_says_what_to_choose(panel: Any) -> None:
    assert panel.empty.label.text() == "Nothing is selected. Choose a module, a call or a problem."


def test_that_a_module_of_a_package_has_no_source_here(panel: Any) -> None:
    panel.workbench.select_module("encoder.conv1")
    assert "part of a package" in panel.empty.label.text()


def test_that_the_class_of_a_module_is_shown_with_its_line_marked(panel: Any, qtbot: Any, file: str) -> None:
    panel.workbench.select_module("head")
    shown_line(panel, qtbot, 1)
    assert panel.code.toPlainText() == SOURCE
    assert panel.name.text() == f"{file}:1"
    assert panel.code.isReadOnly()
    assert panel.code.extraSelections()[0].cursor.block().text() == "class Head:"


def test_that_its_other_lines_are_marked_too_and_can_be_gone_to(panel: Any, qtbot: Any) -> None:
    panel.workbench.select_module("head")
    shown_line(panel, qtbot, 1)
    assert [button.text() for button in buttons(panel)] == ["Its class: 1", "Its forward: 2", "Assigned here: 40"]
    assert [panel.code.is_marked(line) for line in (1, 2, 3, 40)] == [True, True, False, True]
    buttons(panel)[2].click()
    shown_line(panel, qtbot, 40)
    assert panel.code.textCursor().blockNumber() == 39


def test_that_the_kind_of_place_that_was_chosen_is_kept(panel: Any, qtbot: Any) -> None:
    panel.workbench.select_module("head")
    buttons(panel)[1].click()
    shown_line(panel, qtbot, 2)
    panel.workbench.select_module("encoder")
    panel.workbench.select_module("head")
    shown_line(panel, qtbot, 2)
    assert [button.isChecked() for button in buttons(panel)] == [False, True, False]


def test_that_a_problem_is_shown_at_its_line_whatever_was_chosen(panel: Any, qtbot: Any, file: str) -> None:
    panel.workbench.select_module("head")
    buttons(panel)[1].click()
    panel.workbench.select_problem(replace(MISMATCH, module="head", call=None, file=file, line=3))
    shown_line(panel, qtbot, 3)


def test_that_any_line_can_be_shown(panel: Any, qtbot: Any, file: str) -> None:
    panel.workbench.select_module("head")
    panel.show_place(file, 40)
    shown_line(panel, qtbot, 40)
    assert len(buttons(panel)) == 3
    panel.show_place(file, 12)
    shown_line(panel, qtbot, 12)
    assert buttons(panel) == []


def test_that_a_line_beyond_the_end_is_the_last_one(panel: Any, qtbot: Any, file: str) -> None:
    panel.show_place(file, 9999)
    shown_line(panel, qtbot, 63)


def test_that_a_file_that_is_gone_is_said(panel: Any, qtbot: Any, tmp_path: Path) -> None:
    panel.show_place(str(tmp_path / "gone.py"), 3)
    qtbot.waitUntil(lambda: "cannot be read" in panel.empty.label.text(), timeout=PATIENCE_MS)


def test_that_a_file_that_was_saved_meanwhile_is_shown_as_it_is_now(panel: Any, qtbot: Any, file: str) -> None:
    panel.show_place(file, 3)
    shown_line(panel, qtbot, 3)
    Path(file).write_text("x = 1\n", encoding="utf-8")
    panel.show_place(file, 1)
    qtbot.waitUntil(lambda: panel.code.toPlainText() == "x = 1\n", timeout=PATIENCE_MS)


def test_that_nothing_is_read_while_the_panel_is_not_seen(panel: Any, qtbot: Any) -> None:
    panel.hide()
    panel.workbench.select_module("head")
    assert not panel.bench_jobs.busy
    panel.show()
    shown_line(panel, qtbot, 1)


def test_that_enter_and_the_button_open_the_editor_at_the_line(panel: Any, qtbot: Any, file: str) -> None:
    panel.workbench.select_module("head")
    shown_line(panel, qtbot, 1)
    wanted: list[tuple[str, int]] = []
    panel.workbench.editor_wanted.connect(lambda *place: wanted.append(place))
    panel.editor.click()
    QTest.keyClick(panel.code, Qt.Key.Key_Return)
    assert wanted == [(file, 1), (file, 1)]


def test_that_the_marked_text_is_copied_else_the_place(panel: Any, qtbot: Any, file: str) -> None:
    panel.workbench.select_module("head")
    shown_line(panel, qtbot, 1)
    assert panel.copy_rows() == f"{file}:1"
    panel.code.selectAll()
    assert panel.copy_rows() == SOURCE


def pixels(panel: Any) -> set[str]:
    image = panel.code.numbers.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(min(image.height(), 40))}


def test_that_colours_follow_the_theme(panel: Any, qtbot: Any, qapp: QApplication) -> None:
    panel.workbench.select_module("head")
    shown_line(panel, qtbot, 1)
    assert theme.LIGHT.accent in pixels(panel)
    theme.apply_theme(qapp, "dark")
    qapp.processEvents()
    assert theme.DARK.window in pixels(panel)
    assert theme.DARK.accent in pixels(panel)
    first = panel.code.document().firstBlock().layout().formats()[0]
    assert first.format.foreground().color() == theme.color("accent")


def test_that_line_numbers_are_beside_the_lines_and_move_with_them(panel: Any, qtbot: Any, file: str) -> None:
    panel.show_place(file, 60)
    shown_line(panel, qtbot, 60)
    assert panel.code.viewportMargins().left() == panel.code.numbers.sizeHint().width() > 0
    before = panel.code.numbers.grab().toImage()
    panel.code.verticalScrollBar().setValue(0)
    assert panel.code.numbers.grab().toImage() != before


# reading


def read(file: str, line: int) -> SourceText:
    return ReadSourceText(file, line)(lambda *_what: None)


@pytest.mark.parametrize(
    ("line", "first", "last"), [(1, 1, MOST_LINES), (5000, 5000 - MOST_LINES // 2, 4999 + MOST_LINES // 2), (99999, 8001, 10000)]
)
def test_that_of_a_long_file_the_lines_around_the_place_are_shown(tmp_path: Path, line: int, first: int, last: int) -> None:
    path = tmp_path / "long.py"
    path.write_text("\n".join(f"x{n}" for n in range(1, 10_001)), encoding="utf-8")
    text = read(str(path), line)
    assert (text.lines[0], text.lines[-1]) == (f"x{first}", f"x{last}")
    assert (text.first, text.total, len(text.spans)) == (first, 10_000, MOST_LINES)
    assert text.shows(line)
    assert not text.shows(first - 1)


def test_that_line_ends_and_tabs_of_any_kind_are_read(tmp_path: Path) -> None:
    path = tmp_path / "dos.py"
    path.write_bytes(b"a\r\n\tb\rc\xff")
    assert read(str(path), 1).lines == ("a", "    b", "c\ufffd")


def test_that_a_file_is_read_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MAX_BYTES", 5)
    path = tmp_path / "net.py"
    path.write_text("a\nb\nc\nd\n", encoding="utf-8")
    assert read(str(path), 1).lines == ("a", "b", "c")


def noted(file: str, line: int, column: int, text: str) -> dict[str, Any]:
    return {"file": file, "line": line, "column": column, "end": column + 1, "text": text, "source": "y = 9"}


def shown_rows(panel: Any) -> list[str]:
    return list(panel.code.toPlainText().split("\n"))


def test_that_shapes_are_written_over_the_operands_of_the_line_and_go_with_it(panel: Any, qtbot: Any, file: str) -> None:
    notes = [noted(file, 9, 0, "[2, 3]"), noted(file, 9, 4, "[4]")]
    first = replace(MISMATCH, file=file, line=9, data={"notes": notes})
    panel.workbench.select_problem(first)
    shown_line(panel, qtbot, 9)
    assert shown_rows(panel)[7:11] == ["y = 4", "[2, 3]", "│   [4]", "y = 5"]
    assert [panel.code.line_of(panel.code.document().findBlockByNumber(number)) for number in range(7, 12)] == [
        8,
        None,
        None,
        9,
        10,
    ]
    assert panel.code.textCursor().block().text() == "y = 5"
    panel.workbench.select_problem(replace(first, line=20, data={"notes": [noted(file, 20, 4, "[7]")]}))
    shown_line(panel, qtbot, 20)
    assert shown_rows(panel)[7:9] == ["y = 4", "y = 5"]
    assert shown_rows(panel)[19:21] == ["    [7]", "y = 16"]
    panel.workbench.select_problem(replace(first, line=20, data={}))
    assert panel.code.toPlainText() == SOURCE


def test_that_what_is_copied_is_the_source_without_what_is_written_over_it(panel: Any, qtbot: Any, file: str) -> None:
    panel.workbench.select_problem(replace(MISMATCH, file=file, line=9, data={"notes": [noted(file, 9, 0, "[2, 3]")]}))
    shown_line(panel, qtbot, 9)
    panel.code.selectAll()
    assert panel.copy_rows() == SOURCE
    panel.code.copy()
    assert QApplication.clipboard().text() == SOURCE
    cursor = panel.code.textCursor()
    cursor.clearSelection()
    panel.code.setTextCursor(cursor)
    assert panel.copy_rows() == f"{file}:9"
