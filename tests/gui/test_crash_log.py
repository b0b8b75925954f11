"""Nothing that goes wrong is lost."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from logging.handlers import RotatingFileHandler
from pathlib import Path

import pytest
from PySide6.QtCore import QtMsgType, qInstallMessageHandler, qWarning

from torchloupe.gui import crash_log
from torchloupe.gui.log_book import LogBook


@pytest.fixture
def book(qapp, monkeypatch):
    """A book that hears everything; the hooks are as before afterwards."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(crash_log, "_listeners", [])
    handler = qInstallMessageHandler(None)
    book = LogBook()
    crash_log.catch_everything(book)
    yield book
    qInstallMessageHandler(handler)


@pytest.fixture
def log_files(book, tmp_path, monkeypatch):
    """The log is kept in files in a folder, until the test ends."""
    monkeypatch.setattr(crash_log, "log_folder", lambda: tmp_path / "new" / "folder")
    monkeypatch.setattr("faulthandler.enable", os.close)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    log = logging.getLogger("torchloupe")
    before = list(log.handlers)
    crash_log.keep_log_files()
    yield tmp_path / "new" / "folder"
    for handler in [handler for handler in log.handlers if handler not in before]:
        log.removeHandler(handler)
        handler.close()


def texts(book):
    return [line.text for line in book.lines]


def raised():
    try:
        raise ValueError("by hand")
    except ValueError as error:
        return error


def test_that_an_exception_of_the_window_is_in_the_log_with_its_traceback(book, capsys):
    error = raised()
    sys.excepthook(type(error), error, error.__traceback__)
    assert texts(book)[0] == "Traceback (most recent call last):"
    assert texts(book)[-1] == "ValueError: by hand"
    assert "ValueError: by hand" in capsys.readouterr().err


def test_that_an_exception_without_a_terminal_is_in_the_log_all_the_same(book, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    error = raised()
    sys.excepthook(type(error), error, error.__traceback__)
    assert texts(book)[-1] == "ValueError: by hand"


def test_that_an_exception_of_a_thread_is_in_the_log(book, capsys):
    error = raised()
    threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, None)))
    assert texts(book)[-1] == "ValueError: by hand"


def test_that_a_warning_of_qt_is_in_the_log(book):
    qWarning("a layout is odd")
    assert texts(book) == ["Qt: a layout is odd"]


def test_that_chatter_of_qt_is_left_out(book):
    crash_log._qt_message(QtMsgType.QtDebugMsg, None, "starting")
    crash_log._qt_message(QtMsgType.QtWarningMsg, None, "This plugin does not support propagateSizeHints()")
    asked = 'AtSpiAdaptor::applicationInterface does not implement "GetApplicationBusAddress"'
    crash_log._qt_message(QtMsgType.QtWarningMsg, None, asked)
    assert texts(book) == []


@pytest.mark.usefixtures("book")
def test_that_the_log_is_also_in_a_file_that_does_not_grow_for_ever(log_files, capsys, caplog):
    error = raised()
    sys.excepthook(type(error), error, error.__traceback__)
    assert "ValueError: by hand" in (log_files / "torchloupe.log").read_text(encoding="utf-8")
    [handler] = [each for each in logging.getLogger("torchloupe").handlers if isinstance(each, RotatingFileHandler)]
    assert handler.maxBytes == crash_log.LOG_BYTES
    assert (log_files / "crash.log").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_that_a_crash_in_native_code_is_in_a_file_with_the_place(tmp_path):
    words = f"""
import os, pathlib, signal
from torchloupe.gui import crash_log
crash_log.log_folder = lambda: pathlib.Path({str(tmp_path)!r})
crash_log.keep_log_files()
def in_native_code():
    os.kill(os.getpid(), signal.SIGSEGV)
in_native_code()
"""
    ended = subprocess.run([sys.executable, "-c", words], cwd=tmp_path, check=False)
    assert ended.returncode == -signal.SIGSEGV
    written = (tmp_path / "crash.log").read_text(encoding="utf-8")
    assert "Segmentation fault" in written
    assert "in in_native_code" in written


def test_that_a_folder_that_cannot_be_written_costs_only_the_files(book, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(crash_log, "log_folder", lambda: tmp_path / "file" / "folder")
    crash_log.keep_log_files()
    assert len(texts(book)) == 1
    assert texts(book)[0].startswith("There is no log file: ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_that_a_disk_that_is_full_costs_the_file_and_nothing_else(book, log_files, capsys, caplog):
    crash_log.keep_log_files("/dev/full")
    qWarning("a layout is odd")
    assert texts(book)[-1] == "Qt: a layout is odd"
    assert "a layout is odd" in (log_files / "torchloupe.log").read_text(encoding="utf-8")
    assert capsys.readouterr().err == ""
    log = logging.getLogger("torchloupe")
    [full] = [each for each in log.handlers if getattr(each, "baseFilename", "") == "/dev/full"]
    log.removeHandler(full)
    with contextlib.suppress(OSError):
        full.close()


@pytest.fixture
def libraries(log_files):
    """What other packages say is heard; nobody hears it after the test."""
    root = logging.getLogger()
    heard = [handler for handler in root.handlers if type(handler).__name__ == "Told"]
    yield
    logging.captureWarnings(False)
    for handler in heard:
        root.removeHandler(handler)


def test_that_what_a_library_logs_is_in_the_log_once_with_its_level(book, libraries, caplog):
    logging.getLogger("PIL.Image").error("no such plugin")
    logging.getLogger("numba").warning("slow")
    logging.getLogger("numba").info("chatter")
    assert [(line.text, line.level) for line in book.lines] == [
        ("PIL.Image: no such plugin", "error"),
        ("numba: slow", "warning"),
    ]
    crash_log.keep_log_files()
    assert sum(type(handler).__name__ == "Told" for handler in logging.getLogger().handlers) == 1


def test_that_levels_say_how_bad_it_is(book, capsys):
    error = raised()
    sys.excepthook(type(error), error, error.__traceback__)
    qWarning("a layout is odd")
    crash_log._qt_message(QtMsgType.QtCriticalMsg, None, "no screen")
    crash_log.tell("the disk is full", "warning")
    levels = {line.text: line.level for line in book.lines}
    assert levels["ValueError: by hand"] == "error"
    assert levels["Qt: a layout is odd"] == "warning"
    assert levels["Qt: no screen"] == "error"
    assert levels["the disk is full"] == "warning"
