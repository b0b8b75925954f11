"""The log: lines from everywhere, in the order in which they were said."""

import sys
import threading
from typing import Any

import pytest
from PySide6.QtCore import QMessageLogContext, QtMsgType

from torchloupe.gui import crash_log
from torchloupe.gui.log.panel import LogPanel
from torchloupe.gui.log_book import LINE_COUNT, LogBook


@pytest.fixture
def book(qapp: object) -> LogBook:
    """An empty log."""
    return LogBook()


@pytest.fixture
def panel(book: LogBook, qtbot: Any) -> LogPanel:
    """The panel on it."""
    made = LogPanel(book)
    qtbot.addWidget(made)
    made.resize(600, 200)
    made.show()
    return made


def texts(panel: LogPanel) -> list[str]:
    return [row.cells[3] for row in panel.table.model.rows]


def test_that_lines_are_kept_with_their_source_and_time(book: LogBook) -> None:
    book.add("user", "epoch 1\nepoch 2")
    book.add("worker", "")
    assert [(line.source, line.text) for line in book.lines] == [("user", "epoch 1"), ("user", "epoch 2"), ("worker", "")]
    assert len(book.lines[0].time) == len("12:34:56.789")


def test_that_lines_arrive_from_other_threads(book: LogBook, qtbot: Any) -> None:
    thread = threading.Thread(target=lambda: [book.add("worker", str(number)) for number in range(100)])
    thread.start()
    qtbot.waitUntil(lambda: len(book.lines) == 100)
    thread.join()
    assert [line.text for line in book.lines] == [str(number) for number in range(100)]


def test_that_only_the_last_lines_are_kept(book: LogBook) -> None:
    book.add("user", "\n".join(str(number) for number in range(LINE_COUNT + 10)))
    assert len(book.lines) == LINE_COUNT
    assert book.lines[0].text == "10"


def test_that_the_panel_shows_what_was_said_before_and_after_it_was_built(panel: LogPanel, book: LogBook, qtbot: Any) -> None:
    book.add("user", "hello")
    qtbot.waitUntil(lambda: texts(panel) == ["hello"])
    later = LogPanel(book)
    qtbot.addWidget(later)
    assert texts(later) == ["hello"]


def test_that_the_panel_stays_at_the_end_and_where_a_person_scrolled_to(panel: LogPanel, book: LogBook, qtbot: Any) -> None:
    bar = panel.table.view.verticalScrollBar()
    book.add("user", "\n".join(map(str, range(200))))
    qtbot.waitUntil(lambda: len(texts(panel)) == 200)
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() > 0)
    bar.setValue(5)
    book.add("user", "one more")
    qtbot.waitUntil(lambda: len(texts(panel)) == 201)
    assert bar.value() == 5


def test_that_lines_can_be_filtered_and_copied(panel: LogPanel, book: LogBook, qtbot: Any) -> None:
    book.add("user", "loss 0.5")
    book.add("worker", "ready")
    qtbot.waitUntil(lambda: len(texts(panel)) == 2)
    panel.table.filter.setText("source:user")
    assert texts(panel) == ["loss 0.5"]
    assert panel.copy_rows().endswith("user\tloss 0.5")


def test_that_cleared_lines_are_gone(book: LogBook) -> None:
    book.add("user", "hello")
    book.clear()
    assert list(book.lines) == []


# what goes wrong


@pytest.fixture
def caught(book: LogBook, monkeypatch: pytest.MonkeyPatch) -> LogBook:
    """A log that hears of everything that goes wrong."""
    monkeypatch.setattr(crash_log, "_listeners", [lambda text, level: book.add("app", text, level)])
    return book


def test_that_an_exception_is_logged_with_its_place(caught: LogBook, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("went wrong")
    except ValueError:
        crash_log._exception(*sys.exc_info())  # type: ignore[arg-type]
    assert caught.lines[-1].text == "ValueError: went wrong"
    assert any("test_log_panel.py" in line.text for line in caught.lines)
    assert "ValueError: went wrong" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("level", "text", "lines"),
    [
        (QtMsgType.QtWarningMsg, "QWidget: trouble", ["Qt: QWidget: trouble"]),
        (QtMsgType.QtDebugMsg, "chatter", []),
        (QtMsgType.QtWarningMsg, "This plugin does not support propagateSizeHints()", []),
    ],
)
def test_that_warnings_of_qt_are_logged_and_chatter_is_not(
    caught: LogBook, level: QtMsgType, text: str, lines: list[str]
) -> None:
    crash_log._qt_message(level, QMessageLogContext(), text)
    assert [line.text for line in caught.lines] == lines


# how bad, and who


def chosen(combo: Any, data: str) -> None:
    combo.setCurrentIndex(combo.findData(data))


@pytest.mark.parametrize(
    ("level", "source", "shown"),
    [
        ("info", "", ["fine", "odd", "bad", "printed"]),
        ("warning", "", ["odd", "bad"]),
        ("error", "", ["bad"]),
        ("info", "user", ["printed"]),
        ("info", "worker", ["odd"]),
        ("error", "user", []),
    ],
)
def test_that_lines_are_chosen_by_how_bad_they_are_and_who_said_them(
    panel: LogPanel, book: LogBook, qtbot: Any, level: str, source: str, shown: list[str]
) -> None:
    for who, text, how in (("app", "fine", "info"), ("worker", "odd", "warning"), ("app", "bad", "error")):
        book.add(who, text, how)
    book.add("user", "printed")
    qtbot.waitUntil(lambda: len(texts(panel)) == 4)
    chosen(panel.level, level)
    chosen(panel.source, source)
    assert texts(panel) == shown
    if not shown:
        assert panel.table.empty.label.text() == "No line of this kind."


def test_that_a_level_is_a_glyph_and_a_word_and_a_colour(panel: LogPanel, book: LogBook, qtbot: Any) -> None:
    book.add("app", "odd", "warning")
    book.add("app", "bad", "error")
    book.add("app", "fine")
    qtbot.waitUntil(lambda: len(texts(panel)) == 3)
    rows = panel.table.model.rows
    assert [row.cells[1] for row in rows] == ["▲ warning", "✖ error", "info"]
    assert [row.roles[1] for row in rows] == ["warning", "error", "muted"]


def test_that_the_choices_come_with_the_first_line(panel: LogPanel, book: LogBook, qtbot: Any) -> None:
    assert not panel.choices.isVisible()
    book.add("app", "fine")
    qtbot.waitUntil(panel.choices.isVisible)
    assert panel.level.accessibleName() == "Level"
    assert panel.source.accessibleName() == "Source"
