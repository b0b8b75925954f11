"""The lines of the log."""

import re
import threading

import pytest

from torchloupe.gui.log_book import LINE_COUNT, LogBook


@pytest.fixture
def book(qapp):
    return LogBook()


def texts(book):
    return [line.text for line in book.lines]


def test_that_a_line_knows_who_said_it_and_when(book):
    book.add("user", "hello")
    [line] = book.lines
    assert (line.source, line.text) == ("user", "hello")
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}", line.time)


def test_that_several_lines_are_several_entries_and_none_is_one(book):
    book.add("worker", "one\ntwo\r\nthree")
    book.add("worker", "")
    assert texts(book) == ["one", "two", "three", ""]


def test_that_only_the_last_lines_are_kept(book):
    book.add("user", "\n".join(map(str, range(LINE_COUNT + 10))))
    assert len(book.lines) == LINE_COUNT
    assert texts(book)[0] == "10"


def test_that_a_line_from_another_thread_arrives_in_this_one(book, qtbot):
    heard = []
    book.added.connect(lambda line: heard.append((line.text, threading.current_thread())))
    thread = threading.Thread(target=book.add, args=("worker", "from afar"))
    with qtbot.waitSignal(book.added, timeout=10_000):
        thread.start()
    thread.join()
    assert heard == [("from afar", threading.current_thread())]


def test_that_a_cleared_book_is_empty_and_goes_on(book):
    book.add("user", "before")
    book.clear()
    book.add("user", "after")
    assert texts(book) == ["after"]


def test_that_a_line_after_the_window_is_gone_is_dropped_in_silence(qapp):
    import shiboken6

    book = LogBook()
    shiboken6.delete(book)
    book.add("worker", "too late")
