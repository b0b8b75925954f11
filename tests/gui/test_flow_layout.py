"""Buttons side by side, in as many lines as they need."""

from typing import Any

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QLabel, QWidget

from torchloupe.gui.flow_layout import FlowLayout


class Box(QLabel):
    """A widget of a fixed size."""

    def sizeHint(self) -> QSize:
        return QSize(50, 20)


@pytest.fixture
def row(qtbot: Any) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    layout = FlowLayout(widget, 10)
    for _ in range(4):
        layout.addWidget(Box())
    return widget


@pytest.mark.parametrize(("width", "lines"), [(230, 1), (229, 2), (120, 2), (110, 2), (109, 4), (10, 4)])
def test_that_a_narrow_row_gets_more_lines(row: QWidget, width: int, lines: int) -> None:
    assert row.layout().heightForWidth(width) == lines * 20 + (lines - 1) * 10


def test_that_widgets_stand_where_the_lines_say(row: QWidget) -> None:
    row.resize(120, 60)
    row.show()
    row.layout().activate()
    places = [(item.widget().x(), item.widget().y()) for item in (row.layout().itemAt(n) for n in range(4))]
    assert places == [(0, 0), (60, 0), (0, 30), (60, 30)]


def test_that_the_least_width_is_that_of_the_widest(row: QWidget) -> None:
    assert row.layout().minimumSize().width() <= 50
    assert row.layout().sizeHint() == row.layout().minimumSize()


def test_that_widgets_can_be_taken_out_again(row: QWidget) -> None:
    layout = row.layout()
    widget = layout.itemAt(0).widget()
    layout.removeWidget(widget)
    widget.deleteLater()
    assert layout.count() == 3
    assert layout.itemAt(3) is None
    assert layout.takeAt(7) is None


def test_that_the_edges_around_the_widgets_are_kept_free(row: QWidget) -> None:
    row.layout().setContentsMargins(5, 3, 5, 2)
    assert row.layout().heightForWidth(240) == 3 + 20 + 2
    row.resize(240, 60)
    row.show()
    row.layout().activate()
    first = row.layout().itemAt(0).widget()
    assert (first.x(), first.y()) == (5, 3)
