"""Sentences with code in them, in a table: the code has the font of code, the model says it without marks."""

from typing import Any

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QFontInfo, QImage, QPainter
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionViewItem

from torchloupe.gui import theme
from torchloupe.gui.cell_painting import CodeDelegate, Place, paint_ground
from torchloupe.gui.plain_text import plain_text
from torchloupe.gui.text_table import Column, FilterTable, Row

SENTENCE = "Set `in_features=16` of `user.2` (Linear) at line 10."
PLAIN = "Use it in forward, or delete it."


class Recorder(QPainter):
    """Remembers what is drawn, and in which family."""

    def __init__(self, image: QImage) -> None:
        super().__init__(image)
        self.drawn: list[tuple[str, bool]] = []

    def drawText(self, x: int, y: int, text: str) -> None:  # type: ignore[override]  # only this form is called
        self.drawn.append((text, QFontInfo(self.font()).family() == QFontInfo(theme.fixed_font()).family()))
        super().drawText(x, y, text)


@pytest.fixture
def table(qtbot: Any) -> FilterTable:
    made = FilterTable((Column("What to do", 30),), "Problems")
    qtbot.addWidget(made)
    made.set_rows([Row((plain_text(text),), text, ("muted",)) for text in (SENTENCE, PLAIN)])
    made.view.setItemDelegateForColumn(0, CodeDelegate(made.view, lambda place: str(place.data(0x100))))
    return made


def painted(table: FilterTable, row: int, width: int, selected: bool = False) -> tuple[list[tuple[str, bool]], QImage]:
    image = QImage(width, 24, QImage.Format.Format_RGB32)
    image.fill(theme.color("base"))
    option = QStyleOptionViewItem()
    option.initFrom(table.view)
    option.widget, option.rect = table.view, QRect(0, 0, width, 24)
    option.state = QStyle.StateFlag.State_Enabled
    if selected:
        option.state |= QStyle.StateFlag.State_Selected | QStyle.StateFlag.State_Active
    painter = Recorder(image)
    delegate = table.view.itemDelegateForColumn(0)
    delegate.paint(painter, option, table.model.index(row, 0))
    painter.end()
    return painter.drawn, image


def test_that_code_has_the_font_of_code_and_the_rest_has_not(table: FilterTable) -> None:
    drawn, _image = painted(table, 0, 900)
    assert [text for text, _fixed in drawn] == ["Set ", "in_features=16", " of ", "user.2", " (Linear) at line 10."]
    assert [fixed for _text, fixed in drawn] == [False, True, False, True, False]


def test_that_what_does_not_fit_is_left_out_at_the_end(table: FilterTable) -> None:
    drawn, _image = painted(table, 0, 130)
    assert "".join(text for text, _fixed in drawn).endswith("…")
    assert len(drawn) < 5


def test_that_a_sentence_without_code_is_painted_as_usual(table: FilterTable) -> None:
    drawn, image = painted(table, 1, 900)
    assert drawn == []  # by the style
    assert len({image.pixel(x, y) for x in range(300) for y in range(24)}) > 1


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_that_the_text_is_seen_on_the_ground_of_a_selected_row(table: FilterTable, mode: str, qapp: QApplication) -> None:
    theme.apply_theme(qapp, mode)
    _drawn, image = painted(table, 0, 900, selected=True)
    seen = [image.pixelColor(x, y).lightness() for x in range(300) for y in range(24)]
    theme.apply_theme(qapp, "light")
    assert max(seen) - min(seen) > 80


def test_that_the_ground_says_where_the_text_belongs(table: FilterTable) -> None:
    option = QStyleOptionViewItem()
    option.initFrom(table.view)
    option.widget, option.rect = table.view, QRect(10, 0, 200, 24)
    filled = QStyleOptionViewItem(option)
    filled.text = "words"
    image = QImage(220, 24, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    room, baseline, _plain = paint_ground(painter, option, filled)
    painter.end()
    assert 10 < room.left() < room.right() < 210
    assert 12 < baseline < 24
    assert filled.text == ""


def test_that_what_is_copied_and_found_has_no_marks(table: FilterTable) -> None:
    assert "`" not in table.copied_text()
    place: Place = table.model.index(0, 0)
    assert place.data() == plain_text(SENTENCE)
    table.model.set_filter("in_features=16")
    assert [row.key for row in table.model.rows] == [SENTENCE]
