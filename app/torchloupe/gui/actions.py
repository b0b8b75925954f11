"""Every command exists once, as an ``Action``; menus, tool bar, palette, help and tests read the same table."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from torchloupe.gui.events_trace import trace
from torchloupe.gui.icons import icon

Shortcut = str | QKeySequence.StandardKey


@dataclass(frozen=True)
class Action:
    """One command.

    ``when`` says whether it makes sense now, ``checked`` (of a switch) whether it is on. ``menu`` is the title of its menu, empty
    for none; ``group`` starts a new group in it. ``tip`` is the whole sentence, for tool tip and help; ``short`` the word in the
    tool bar. Of the switches with the same ``one_of`` exactly one is on. The keys of one that is ``in_tables`` count in tables alone.
    """

    id: str
    text: str
    run: Callable[[], object]
    shortcuts: tuple[Shortcut, ...] = ()
    menu: str = ""
    tip: str = ""
    icon: str = ""
    when: Callable[[], bool] | None = None
    checked: Callable[[], bool] | None = None
    group: bool = False
    short: str = ""
    one_of: str = ""
    in_tables: bool = False

    @property
    def plain_text(self) -> str:
        """Its text without the mark of its key; "…" says that it opens a dialog."""
        return self.text.replace("&", "")


class ActionSet:
    """The Qt side of a table: one ``QAction`` for each ``Action``, by its id."""

    def __init__(self, table: Sequence[Action], window: QWidget) -> None:
        self.table = {action.id: action for action in table}
        if len(self.table) != len(table):
            raise ValueError("Two actions have the same id.")
        self.by_id = {action.id: _qt_action(action, window) for action in table}
        self._enabled: list[str] = []
        self._due = QTimer(window, singleShot=True, interval=0)
        self._due.timeout.connect(self.refresh)
        self._join_choices(window)
        self.refresh()

    def __getitem__(self, action_id: str) -> QAction:
        return self.by_id[action_id]

    def _join_choices(self, window: QWidget) -> None:
        groups = {action.one_of: QActionGroup(window) for action in self.table.values() if action.one_of}
        for action_id, action in self.table.items():
            if action.one_of:
                groups[action.one_of].addAction(self.by_id[action_id])

    def refresh(self) -> None:
        """Ask every action whether it makes sense now."""
        for action_id, action in self.table.items():
            if action.when is not None:
                self.by_id[action_id].setEnabled(action.when())
            if action.checked is not None:
                self.by_id[action_id].setChecked(action.checked())
        enabled = [action_id for action_id, made in self.by_id.items() if made.isEnabled()]
        if enabled != self._enabled:
            self._enabled = enabled
            trace("enabled", actions=enabled)

    def refresh_later(self, *_anything: object) -> None:
        """Once what happens now is over, however often it is wished for."""
        self._due.start()

    def refresh_icons(self, only: Collection[str] = ()) -> None:
        """Draw the icons in the colours of the theme; those of ``only``, else all."""
        for action_id, action in self.table.items():
            if action.icon and (not only or action_id in only):
                self.by_id[action_id].setIcon(icon(action.icon))

    def fill_menu_bar(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Menus in the order in which the table names them first."""
        menus: dict[str, QMenu] = {}
        for action_id, action in self.table.items():
            if not action.menu:
                continue
            menu = menus.get(action.menu)
            if menu is None:
                menu = menus[action.menu] = bar.addMenu(action.menu)
                menu.setToolTipsVisible(True)
            elif action.group:
                menu.addSeparator()
            menu.addAction(self.by_id[action_id])
        return menus


def shortcut_text(action: Action) -> str:
    """The first key of an action, as this system writes it."""
    return _sequences(action.shortcuts)[0].toString(QKeySequence.SequenceFormat.NativeText) if action.shortcuts else ""


def all_shortcuts(action: Action) -> str:
    """All keys of an action."""
    return " or ".join(keys.toString(QKeySequence.SequenceFormat.NativeText) for keys in _sequences(action.shortcuts))


def key_texts(action: Action) -> tuple[str, ...]:
    """All keys of an action as a file has them, on every system the same."""
    return tuple(keys.toString() for keys in _sequences(action.shortcuts))


def _sequences(shortcuts: Iterable[Shortcut]) -> list[QKeySequence]:
    return [QKeySequence(keys) for keys in shortcuts]


def _qt_action(action: Action, window: QWidget) -> QAction:
    made = QAction(action.text, window)
    made.setObjectName(action.id)
    made.setShortcuts(_sequences(action.shortcuts))
    context = Qt.ShortcutContext
    made.setShortcutContext(context.WidgetShortcut if action.in_tables else context.WindowShortcut)
    made.setCheckable(action.checked is not None)
    tip = action.tip or action.plain_text.rstrip("…")
    keys = shortcut_text(action)
    made.setToolTip(f"{tip} ({keys})" if keys else tip)
    made.setIconText(action.short or action.plain_text)  # what Qt would make of the text has lost its "…"

    def run() -> None:
        trace("action", id=action.id)
        action.run()

    made.triggered.connect(run)
    if not action.in_tables:
        window.addAction(made)
    return made
