"""What a person hears who does not see the window, and where Tab leads: all panels and all dialogs, with real content."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, Qt
from PySide6.QtGui import QAccessible, QStandardItemModel
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QFileDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QMenuBar,
    QPushButton,
    QScrollBar,
    QTabBar,
    QToolBar,
    QWidget,
)

from gui import rich_window
from gui.conftest import MakeWindow
from gui.rich_window import wait_until_idle
from torchloupe.gui.outline_table import OutlineModel
from torchloupe.gui.reading_order import in_reading_order, order_tabs

Role = Qt.ItemDataRole
OPENS_NO_DIALOG_OF_OURS = {
    "quit",
    "open.checkpoint",
    "open.other",
    "view.full_screen",
    "close.all",
    "close.model",
    "close.checkpoint",
}
NOTHING_TO_REACH = ("source", "summary")
"""Panels that may have nothing but text to scroll."""
INSIDE = (QTabBar, QAbstractItemView, QLineEdit, QMenuBar, QToolBar)
"""The pictures that Qt puts into these widgets of its own belong to them."""
MANY = 60
"""So many cells of a model are listened to."""


@pytest.fixture
def rich(make_window: MakeWindow, qtbot: Any, tmp_path: Path) -> Any:
    """A window in which every panel shows something."""
    window = make_window(rich_window.script())
    rich_window.fill(window, qtbot, tmp_path)
    return window


def stops(root: QWidget) -> list[QWidget]:
    """What Tab stops at; the inner parts of Qt's own widgets are named by those."""
    return [widget for widget in root.findChildren(QWidget) if _is_stop(widget, root)]


def _is_stop(widget: QWidget, root: QWidget) -> bool:
    takes_focus = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None
    around = widget.parent()
    inside = widget.objectName().startswith("qt_") or isinstance(around, (QComboBox, QAbstractSpinBox, QAbstractItemView))
    shown = widget.isVisible() and widget.isEnabled() and widget.window() is root.window()
    return takes_focus and shown and not inside and not isinstance(widget, (QScrollBar, QHeaderView))


def heard(widget: QWidget) -> str:
    """The name that Qt hands to a screen reader."""
    return str(QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)).strip()


def nameless(root: QWidget) -> list[str]:
    return [f"{type(stop).__name__} in {type(stop.parent()).__name__}" for stop in stops(root) if not heard(stop)]


def views(root: QWidget) -> Iterator[QAbstractItemView]:
    """The tables and lists whose content is ours."""
    for view in root.findChildren(QAbstractItemView):
        own = view.model() is not None and not isinstance(view.model(), QStandardItemModel)
        if own and not isinstance(view, (QHeaderView, QListWidget)) and not isinstance(view.window(), QMenu):
            yield view


def cells(model: QAbstractItemModel) -> Iterator[QModelIndex]:
    """Cells from all over a model."""
    rows, columns = model.rowCount(), 1 if isinstance(model, QAbstractListModel) else model.columnCount()
    for number in range(0, rows * columns, max(rows * columns // MANY, 1)):
        yield model.index(number // columns, number % columns, QModelIndex())


def silent(view: QAbstractItemView) -> list[str]:
    """Cells that show text or a picture and say nothing, or less than they show; and tips that are nowhere else."""
    found = []
    for cell in cells(view.model()):
        shown, spoken = str(cell.data(Role.DisplayRole) or ""), str(cell.data(Role.AccessibleTextRole) or "")
        described = str(cell.data(Role.AccessibleDescriptionRole) or "")
        tip, place = str(cell.data(Role.ToolTipRole) or ""), f"{view.accessibleName()} {cell.row()}, {cell.column()}"
        if (shown or cell.data(Role.DecorationRole)) and not spoken:
            found.append(f"{place}: nothing is said for {shown!r}")
        elif tip and tip not in shown and tip not in f"{spoken}\n{described}":
            found.append(f"{place}: only the tip says {tip!r}, said is {spoken!r}")
    return found


# panels


def test_that_everything_in_every_panel_that_takes_the_focus_has_a_name(rich: Any, qtbot: Any) -> None:
    found = {}
    for name in rich.docks.panels:
        rich.docks.focus_panel(name)
        wait_until_idle(rich, qtbot)
        panel = rich.docks.panels[name]
        qtbot.waitUntil(lambda panel=panel, name=name: bool(stops(panel)) or name in NOTHING_TO_REACH)
        found[name] = nameless(rich)
    assert {name: widgets for name, widgets in found.items() if widgets} == {}


def test_that_every_table_of_every_panel_has_a_name_and_says_all_that_it_shows(rich: Any, qtbot: Any) -> None:
    heard_of = set()
    for panel in rich_window.panels(rich, qtbot).values():
        for view in views(panel):
            assert heard(view), f"{type(view).__name__} in {type(panel).__name__}"
            assert silent(view) == []
            heard_of |= {type(view.model()).__name__} if view.model().rowCount() else set()
    assert {
        "TextTableModel",
        "LazyTableModel",
        "CheckpointModel",
        "ModuleTreeModel",
        "CallsModel",
        "CompareModel",
        "PairModel",
    } <= heard_of


def test_that_a_tree_says_level_and_path(rich: Any, qtbot: Any) -> None:
    trees = [view for panel in rich_window.panels(rich, qtbot).values() for view in views(panel)]
    trees = [view for view in trees if isinstance(view.model(), OutlineModel)]
    assert len(trees) == 2
    for view in trees:
        spoken = [view.model().index(row, 0).data(Role.AccessibleTextRole) for row in range(view.model().rowCount())]
        assert all(text.startswith("level ") for text in spoken)
    modules = [text for view in trees for text in (view.model().index(row, 0).data(Role.AccessibleTextRole) for row in range(8))]
    assert any("head.fc1" in text or "encoder.conv1" in text for text in modules)


def test_that_every_plot_says_what_it_shows_and_has_a_table(rich: Any, qtbot: Any) -> None:
    from torchloupe.gui.figure import Figure

    rich_window.panels(rich, qtbot)
    figures = [figure for figure in rich.findChildren(QWidget) if isinstance(figure, Figure)]
    assert len(figures) >= 3
    for figure in figures:
        assert figure.accessibleName()
        assert figure.title


def test_that_every_choice_says_what_is_chosen_there_and_not_only_its_value(rich: Any, qtbot: Any) -> None:
    """On Linux the name of a combo box is its value, so the rest is the description, or the label that belongs to it."""
    rich_window.panels(rich, qtbot)
    labelled = {id(label.buddy()) for label in rich.findChildren(QLabel) if label.buddy() is not None}
    mute = []
    for combo in rich.findChildren(QComboBox):
        assert combo.accessibleName() or id(combo) in labelled
        described = QAccessible.queryAccessibleInterface(combo).text(QAccessible.Text.Description)
        if not described and id(combo) not in labelled:
            mute.append(combo.accessibleName())
    assert mute == []


# where Tab leads


def walked(window: Any, panel: QWidget) -> list[QWidget]:
    """What has the focus in a panel, one after the other, as Tab is pressed: once round, from its first."""
    order: list[QWidget] = []
    first = in_reading_order(panel, stops(panel))[0]
    first.setFocus(Qt.FocusReason.TabFocusReason)
    for _ in range(200):
        focused = window.focusWidget()
        if focused is None or focused in order or not panel.isAncestorOf(focused):
            break
        order.append(focused)
        QTest.keyClick(focused, Qt.Key.Key_Tab)
    return order


def test_that_tab_reaches_everything_in_a_panel_in_the_order_of_reading(rich: Any, qtbot: Any) -> None:
    for name, panel in rich.docks.panels.items():
        rich.docks.focus_panel(name)
        wait_until_idle(rich, qtbot)
        qtbot.waitUntil(lambda panel=panel, name=name: bool(stops(panel)) or name in NOTHING_TO_REACH)
        if stops(panel):
            assert [heard(each) for each in walked(rich, panel)] == [
                heard(each) for each in in_reading_order(panel, stops(panel))
            ], name


def test_that_lines_are_read_from_above_and_each_from_the_left(qtbot: Any) -> None:
    root = QWidget()
    qtbot.addWidget(root)
    places = {"last": (0, 40, 90, 50), "second": (50, 4, 20, 10), "third": (0, 21, 90, 10), "first": (0, 0, 30, 20)}
    made = {name: QPushButton(name, root) for name in places}
    for name, place in places.items():
        made[name].setGeometry(*place)
    assert [each.text() for each in in_reading_order(root, list(made.values()))] == ["first", "second", "third", "last"]
    root.show()
    order_tabs(root)
    assert [made[name].nextInFocusChain() for name in ("first", "second")] == [made["second"], made["third"]]


def test_that_alt_and_a_digit_lead_into_every_panel(rich: Any, qtbot: Any) -> None:
    for name in rich.docks.panels:
        if name == "start":
            continue
        rich.actions_by_id[f"panel.{name}"].trigger()
        wait_until_idle(rich, qtbot)
        focused = QApplication.focusWidget()
        assert focused is not None
        assert rich.docks.panels[name].isAncestorOf(focused) or focused is rich.docks.panels[name], name


# dialogs


def opened_dialogs(window: Any) -> list[QWidget]:
    tops = [top for top in QApplication.topLevelWidgets() if top.isVisible() and top is not window]
    return [top for top in tops if not isinstance(top, (QFileDialog, QMenu))]


def test_that_everything_in_every_dialog_has_a_name_and_every_table_in_it_says_what_it_shows(
    rich: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, wrong = set(), []
    for name, dialog in each_dialog(rich, qtbot, monkeypatch):
        seen.add(type(dialog).__name__)
        wrong += [f"{name}: {widget}" for widget in nameless(dialog)]
        wrong += [f"{name}: {text}" for view in views(dialog) if view.isVisible() for text in silent(view)]
        if isinstance(dialog, QWidget) and not dialog.windowTitle():
            wrong.append(f"{name}: {type(dialog).__name__} has no title")
    assert wrong == []
    assert len(seen) >= 14, sorted(seen)


def test_that_every_dialog_fits_on_the_screen_with_large_letters_and_has_no_pictures_of_qt_on_its_buttons(
    rich: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        rich.set_text_size(1)
    wrong = []
    for name, dialog in each_dialog(rich, qtbot, monkeypatch):
        room = dialog.screen().availableSize().expandedTo(rich.size())
        if dialog.width() > room.width() or dialog.height() > room.height():
            wrong.append(f"{name}: {dialog.size()} in {room}")
        boxes = dialog.findChildren(QDialogButtonBox)
        wrong += [f"{name}: {each.text()}" for box in boxes for each in box.buttons() if not each.icon().isNull()]
    rich.set_text_size(0)
    assert wrong == []


def each_dialog(window: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, QWidget]]:
    """All that actions open, one after the other, with the name of the action."""
    monkeypatch.setenv("PATH", "/nowhere")  # no editor is started
    window.workbench.select_stored(window.workbench.checkpoint.tensors[0])
    for name, action in window.actions_by_id.by_id.items():
        if name in OPENS_NO_DIALOG_OF_OURS or not action.isEnabled():
            continue
        action.trigger()
        wait_until_idle(window, qtbot)
        for dialog in opened_dialogs(window):
            yield name, dialog
        for dialog in QApplication.topLevelWidgets():
            if dialog.isVisible() and dialog is not window:
                dialog.close()
        wait_until_idle(window, qtbot)


def test_that_a_button_with_a_picture_alone_has_a_name_of_its_own(rich: Any, qtbot: Any) -> None:
    rich_window.panels(rich, qtbot)
    buttons = [each for each in rich.findChildren(QAbstractButton) if not each.text() and not each.icon().isNull()]
    buttons = [each for each in buttons if not isinstance(each.parent(), INSIDE)]
    assert buttons
    assert [f"{each.objectName()} in {type(each.parent()).__name__}" for each in buttons if not heard(each)] == []
