"""Tab goes through a panel as it is read: line by line, each from the left; however late a plot came into it."""

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QWidget


def order_tabs(root: QWidget) -> None:
    """Put what is seen of a panel into the order of reading."""
    ordered = in_reading_order(root, [widget for widget in root.findChildren(QWidget) if _takes_tab(widget, root)])
    for before, after in zip(ordered, ordered[1:], strict=False):
        QWidget.setTabOrder(before, after)


def in_reading_order(root: QWidget, widgets: list[QWidget]) -> list[QWidget]:
    """Sorted into lines, which are what overlaps by half of the lower one, and from left to right in each."""
    places = sorted(((_place(widget, root), widget) for widget in widgets), key=lambda pair: pair[0].top())
    lines: list[list[tuple[QRect, QWidget]]] = []
    for place, widget in places:
        if lines and _is_in_line(place, lines[-1][0][0]):
            lines[-1].append((place, widget))
        else:
            lines.append([(place, widget)])
    return [widget for line in lines for _place, widget in sorted(line, key=lambda pair: pair[0].left())]


def _takes_tab(widget: QWidget, root: QWidget) -> bool:
    takes = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None
    return takes and widget.isVisibleTo(root) and widget.window() is root.window()


def _place(widget: QWidget, root: QWidget) -> QRect:
    return QRect(widget.mapTo(root, QPoint(0, 0)), widget.size())


def _is_in_line(place: QRect, first: QRect) -> bool:
    overlap = min(place.bottom(), first.bottom()) - max(place.top(), first.top())
    return overlap * 2 > min(place.height(), first.height())
