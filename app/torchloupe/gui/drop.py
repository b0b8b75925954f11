"""Files dropped anywhere on the window: what they are, the overlay that says it, and the reason when they cannot be used."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QRect, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLineEdit, QWidget

from torchloupe.gui.events_trace import trace
from torchloupe.gui.theme import color, em, tint

INSIDE = "application/x-torchloupe-key"
"""What is dragged from one place of the window to another; it is no file, and the tables that take it know it."""
TAKES_DROPS = "takes drops"
"""Property of a list that takes what is dragged inside of the window."""
REASON_MS = 1500
"""How long the overlay keeps the reason why a drop was refused."""
VEIL = 184
"""How opaque it is."""

_KINDS = {
    "a picture": ".png .jpg .jpeg .gif .bmp .webp .svg .tif .tiff",
    "a text": ".txt .md .rst .csv .tsv .log .html",
    "a document": ".pdf .doc .docx .odt .xls .xlsx .ppt .pptx",
    "settings": ".yaml .yml .toml .ini .cfg",
    "a sound or a film": ".mp3 .wav .mp4 .mkv .mov .ogg",
}
_FOREIGN = {suffix: kind for kind, suffixes in _KINDS.items() for suffix in suffixes.split()}


@dataclass(frozen=True)
class Dropped:
    """What a drag carries: the files that can be opened, and one sentence about what cannot (empty when everything can)."""

    paths: tuple[Path, ...]
    reason: str = ""

    @property
    def text(self) -> str:
        """What the overlay says before the release."""
        if not self.paths:
            return self.reason
        names = [path.name for path in self.paths]
        return f"Release to open {', '.join(names[:3])}" + (f" and {len(names) - 3} more" if len(names) > 3 else "")

    def text_beside(self, opened: str, compare: bool) -> str:
        """The same where a checkpoint is open, with what Shift would do; ``compare``: Shift is held."""
        first = next((path.name for path in self.paths if path.suffix != ".py"), "")
        if not opened or not first:
            return self.text
        return f"Release to compare {opened} with {first}" if compare else f"{self.text}. Hold Shift to compare with {opened}"


def read_drag(data: QMimeData) -> Dropped:
    """What is being dragged. Nothing is opened; a file that vanished meanwhile is found out when it is read."""
    if not data.hasUrls():
        return Dropped((), "Only files can be opened here: drop a checkpoint or a Python file.")
    usable: list[Path] = []
    reason = ""
    for url in data.urls():
        path = Path(url.toLocalFile())
        trouble = f"{url.toString()} is not a file on this machine." if not url.isLocalFile() else refusal(path)
        if trouble:
            reason = reason or trouble
        elif path not in usable:
            usable.append(path)
    return Dropped(tuple(usable), reason)


def refusal(path: Path) -> str:
    """Why something cannot be opened, judged by its name alone; empty when it may be a checkpoint, a folder of one, or a model file."""
    if path.is_dir():
        return ""
    if path.suffix == ".ipynb":
        return f"{path.name} is a notebook. Save the class in a .py file and drop that."
    kind = _FOREIGN.get(path.suffix.lower())
    return f"{path.name} is {kind}. Drop a checkpoint (.pt, .safetensors ...) or a .py file." if kind else ""


class DropOverlay(QWidget):
    """Covers the window during a drag. It never takes the mouse, so that the window below stays the target."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Drop area")
        self.text = ""
        self.refused = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def say(self, text: str, refused: bool, milliseconds: int = 0) -> None:
        """Cover the window with a sentence, for ever or for a while."""
        self.text, self.refused = text, refused
        self.setAccessibleDescription(text)
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.raise_()
        self.show()
        self.update()
        if milliseconds:
            self._timer.start(milliseconds)
        else:
            self._timer.stop()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A veil, a frame, and the sentence on a card in the middle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), tint("window", VEIL))
        accent = color("error" if self.refused else "accent")
        edge = em(self, 0.7)
        painter.setPen(QPen(accent, max(2, em(self, 0.15)), Qt.PenStyle.DashLine))
        painter.drawRoundedRect(self.rect().adjusted(edge, edge, -edge, -edge), edge, edge)
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.4)
        painter.setFont(font)
        flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
        room = self.rect().adjusted(4 * edge, 4 * edge, -4 * edge, -4 * edge)
        glyph = "✖  " if self.refused else ""
        needed: QRect = painter.boundingRect(room, flags, glyph + self.text)
        painter.setPen(QPen(accent, 1))
        painter.setBrush(color("base"))
        painter.drawRoundedRect(needed.adjusted(-2 * edge, -edge, 2 * edge, edge), edge, edge)
        painter.setPen(color("error" if self.refused else "text"))
        painter.drawText(needed, flags, glyph + self.text)


class DropArea(QObject):
    """Makes a whole window a drop area: accepts files, shows the overlay, hands the files on."""

    def __init__(self, window: QWidget, opened: Callable[..., object], open_name: Callable[[], str]) -> None:
        """``opened`` is given the paths, and ``compare=True`` when Shift was held; ``open_name`` is the open checkpoint's, or empty."""
        super().__init__(window)
        self._window = window
        self._opened, self._open_name = opened, open_name
        self._dragged = Dropped(())
        self.overlay = DropOverlay(window)
        self.watch(window)

    def watch(self, widget: QWidget) -> None:
        """Take what is dropped on this widget (the window, or a dock that floats)."""
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def refuse(self, reason: str) -> None:
        """Keep the reason on the overlay for a moment: a drop is never silent."""
        trace("drop_refused", reason=reason)
        self.overlay.say(reason, True, REASON_MS)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter, move, leave, drop; and the overlay keeps the size of the window."""
        if isinstance(event, QDropEvent) and event.mimeData().hasFormat(INSIDE):
            event.ignore()
        elif isinstance(event, QDropEvent) and isinstance(event, QDragEnterEvent):
            self._enter(event)
        elif isinstance(event, QDragMoveEvent):
            self._move(event)
        elif isinstance(event, QDragLeaveEvent):
            self.overlay.hide()
            trace("drag_left")
        elif isinstance(event, QDropEvent):
            self._drop(event)
        else:
            if event.type() == QEvent.Type.Resize and watched is self._window:
                self.overlay.setGeometry(self._window.rect())
            return False
        return True

    def _enter(self, event: QDragEnterEvent) -> None:
        self._dragged = read_drag(event.mimeData())  # once: the data comes from another program
        self._say(event)
        trace("drag_entered", text=self.overlay.text, formats=event.mimeData().formats())
        _take_a_copy(event)  # also what is refused, so that its reason stays to be read

    def _move(self, event: QDragMoveEvent) -> None:
        self._say(event)
        _take_a_copy(event)

    def _say(self, event: QDropEvent) -> None:
        text = self._dragged.text_beside(self._open_name(), _shift(event))
        if text != self.overlay.text or not self.overlay.isVisible():
            self.overlay.say(text, not self._dragged.paths)

    def _drop(self, event: QDropEvent) -> None:
        dropped = read_drag(event.mimeData())
        trace("drop", paths=[str(path) for path in dropped.paths], reason=dropped.reason, compare=_shift(event))
        _take_a_copy(event)
        if dropped.reason:
            self.refuse(dropped.reason)
        else:
            self.overlay.hide()
        if dropped.paths:
            self._opened(dropped.paths, compare=_shift(event))


def _shift(event: QDropEvent) -> bool:
    return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)


def _take_a_copy(event: QDropEvent) -> None:
    """Accept, but never as a move, which Shift asks for: a file manager would take the file away."""
    drag_only = isinstance(event, QDragMoveEvent)
    for action in (Qt.DropAction.CopyAction, Qt.DropAction.LinkAction):
        if event.possibleActions() & action:
            event.setDropAction(action)
            break
    else:  # a source that knows nothing but moving is told at the end that nothing was done with its file
        event.setDropAction(event.proposedAction() if drag_only else Qt.DropAction.IgnoreAction)
    event.accept()


def let_drops_through(widget: QWidget) -> None:
    """Fields and lists that would take a dropped file as text leave it to the window."""
    for child in [widget, *widget.findChildren(QWidget)]:
        holder = child.parent()
        is_list = child.objectName() == "qt_scrollarea_viewport" and not (holder and holder.property(TAKES_DROPS))
        if isinstance(child, QLineEdit) or is_list:
            child.setAcceptDrops(False)
