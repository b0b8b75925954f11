"""What happens to the clipboard when the program ends: data that Python made for it may not outlive Python, or Qt ends in a crash."""

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication


def hand_over_clipboard() -> None:
    """Put the picture or the text that is there into Qt's own hands; what else was offered with it goes."""
    clipboard = QGuiApplication.clipboard()
    if not clipboard.ownsClipboard() and QGuiApplication.platformName() != "offscreen":  # which never says that it does
        return
    data: QMimeData | None = clipboard.mimeData()  # there may be nothing on it
    if data is None:
        return
    if data.hasImage():
        clipboard.setImage(clipboard.image())
    elif data.hasText():
        clipboard.setText(data.text())
    else:
        clipboard.clear()
