"""Menus over a table or a plot: commands of the window, which are about what has the focus."""

from collections.abc import Iterator, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtWidgets import QMenu, QWidget

TABLE_MENU = (
    *("edit.copy", "edit.copy_titled", "edit.copy_markdown", "edit.copy_csv", "edit.copy_json", "edit.copy_table"),
    *("edit.only_rows", "edit.hide_rows", "note.mark", "note.write"),
)
PLOT_MENU = ("plot.table", "plot.copy", "plot.save")


def show_menu(ids: Sequence[str], widget: QWidget, event: QContextMenuEvent) -> None:
    """The commands with these ids, at the place of the event; "" is a line between two. Without a window around there are none."""
    found = list(commands(ids, widget))
    if not found:
        event.ignore()
        return
    if not widget.isAncestorOf(widget.window().focusWidget() or widget.window()):
        widget.setFocus(Qt.FocusReason.PopupFocusReason)
    menu = QMenu(widget)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for action in found:
        if action is None:
            menu.addSeparator()
        else:
            menu.addAction(action)
    menu.popup(event.globalPos())
    event.accept()


def commands(ids: Sequence[str], widget: QWidget) -> Iterator[QAction | None]:
    """Those of the window that the widget, or the dialog around it, belongs to; None for a line."""
    window: QWidget | None = widget.window()
    while window is not None and window.findChild(QAction, ids[0]) is None:
        above = window.parentWidget()
        window = above.window() if above is not None else None
    for action_id in ids if window is not None else ():
        action = window.findChild(QAction, action_id) if window is not None and action_id else None
        if action is not None or not action_id:
            yield action
