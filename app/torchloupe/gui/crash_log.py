"""Nothing that goes wrong is lost: exceptions, Qt's messages and hard crashes arrive in the log panel and in a file.

The hooks come first and cost nothing; the files, and Python's ``logging``, come after the first picture of the window.
"""

import os
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QMessageLogContext, QStandardPaths, QtMsgType, qInstallMessageHandler

from torchloupe.gui.log_book import ERROR, INFO, WARNING, LogBook

if TYPE_CHECKING:
    from logging import Handler

LOG_BYTES = 1 << 20
OWN_LOG = "torchloupe"
_NUMBERS = {INFO: 20, WARNING: 30, ERROR: 40}
"""As Python's ``logging`` has them."""
LOG_FILE, CRASH_FILE = "torchloupe.log", "crash.log"
_QUIET = (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg)
_SAID_ALWAYS = ("propagateSizeHints", "AtSpiAdaptor::applicationInterface")
"""Words of what Qt says of every window on the offscreen platform, and to every screen reader."""
_listeners: list[Callable[[str, str], object]] = []  # text and level


def log_folder() -> Path:
    """Where the log files lie."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation))


def catch_everything(book: LogBook) -> None:
    """Install the hooks: from now on nothing goes wrong in silence."""
    _listeners.append(lambda text, level: book.add("app", text, level))
    sys.excepthook = _exception
    threading.excepthook = lambda args: _exception(args.exc_type, args.exc_value, args.exc_traceback)
    qInstallMessageHandler(_qt_message)


def keep_log_files(also: str | None = None) -> None:
    """Write the log to a file, too, and to the one that was asked for. A folder that cannot be written to costs only the files."""
    import faulthandler
    import logging
    from logging.handlers import RotatingFileHandler

    logging.raiseExceptions = False  # when the disk is full later, what cannot be written is left out
    try:
        if also is not None:
            _also_to(logging.FileHandler(also, encoding="utf-8"))
        folder = log_folder()
        folder.mkdir(parents=True, exist_ok=True)
        file = RotatingFileHandler(folder / LOG_FILE, maxBytes=LOG_BYTES, backupCount=3, encoding="utf-8")
        _also_to(file)
        faulthandler.enable(os.open(folder / CRASH_FILE, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o666))  # open until the end
    except OSError as error:
        tell(f"There is no log file: {error}", WARNING)
    _hear_libraries()


def _also_to(file: "Handler") -> None:
    from logging import Formatter, getLogger

    file.setFormatter(Formatter("%(asctime)s %(message)s"))
    log = getLogger(OWN_LOG)
    if not log.handlers:
        _listeners.append(lambda text, level: log.log(_NUMBERS[level], "%s", text))
    log.addHandler(file)


def _hear_libraries() -> None:
    """What other packages say with ``logging`` and ``warnings``."""
    import logging

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not record.name.startswith(OWN_LOG):
                tell(f"{record.name}: {self.format(record)}", ERROR if record.levelno >= logging.ERROR else WARNING)

    root = logging.getLogger()
    if not any(type(each).__name__ == Told.__name__ for each in root.handlers):
        root.addHandler(Told(logging.WARNING))
        logging.captureWarnings(True)


def tell(text: str, level: str = ERROR) -> None:
    """Say in the log and in its files what went wrong, from any thread."""
    for listen in list(_listeners):
        listen(text, level)


def _exception(kind: type[BaseException], error: BaseException | None, place: TracebackType | None) -> None:
    text = "".join(traceback.format_exception(kind, error, place))
    tell(text)
    if sys.stderr is not None:
        print(text, file=sys.stderr)


def _qt_message(level: QtMsgType, _context: QMessageLogContext, text: str) -> None:
    if level not in _QUIET and not any(words in text for words in _SAID_ALWAYS):
        tell(f"Qt: {text}", WARNING if level == QtMsgType.QtWarningMsg else ERROR)
