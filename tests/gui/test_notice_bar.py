"""The bar above the views."""

import pytest
from PySide6.QtCore import Qt

from torchloupe.gui import theme
from torchloupe.gui.notice_bar import NoticeBar


@pytest.fixture
def bar(qtbot):
    bar = NoticeBar()
    qtbot.addWidget(bar)
    return bar


def test_that_the_bar_is_hidden_until_there_is_something_to_say(bar):
    assert bar.isHidden()
    bar.say("The file changed.", "Reload", lambda: None)
    assert not bar.isHidden()
    assert "The file changed." in bar.label.text()
    assert bar.button.text() == "Reload"


def test_that_the_step_is_taken_once_and_the_bar_goes(bar, qtbot):
    taken = []
    bar.say("It changed.", "Reload", lambda: taken.append(1))
    qtbot.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    assert taken == [1]
    assert bar.isHidden()


def test_that_closing_takes_no_step(bar, qtbot):
    taken = []
    bar.say("It changed.", "Reload", lambda: taken.append(1))
    qtbot.mouseClick(bar.close_button, Qt.MouseButton.LeftButton)
    assert taken == []
    assert bar.isHidden()


def test_that_the_last_sentence_replaces_the_one_before_with_its_step(bar, qtbot):
    taken = []
    bar.say("One.", "First", lambda: taken.append("first"))
    bar.say("Two.", "Second", lambda: taken.append("second"))
    qtbot.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    assert taken == ["second"]


def test_that_a_step_may_say_something_itself(bar, qtbot):
    bar.say("One.", "First", lambda: bar.say("Two.", "Second", lambda: None))
    qtbot.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    assert not bar.isHidden()
    assert "Two." in bar.label.text()


def test_that_what_looks_like_markup_is_shown_as_it_is(bar):
    bar.say("<b>bold</b> is no file", "Reload", lambda: None)
    assert bar.label.textFormat() == Qt.TextFormat.PlainText


def test_that_the_close_button_has_a_name_and_an_icon_in_both_themes(bar, qapp):
    assert bar.close_button.accessibleName()
    for name in ("light", "dark"):
        theme.apply_theme(qapp, name)
        bar.refresh_icons()
        assert not bar.close_button.icon().isNull()
        assert bar.palette().windowText().color() == theme.color("warning")
