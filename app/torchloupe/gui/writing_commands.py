"""Commands about what a person writes: undo and redo, bookmarks and notes, and filters made from a value."""

import re
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from torchloupe.gui.actions import Action
from torchloupe.gui.reaching import reach
from torchloupe.gui.shell import Shell
from torchloupe.wire.requests import OpenTarget

if TYPE_CHECKING:
    from torchloupe.gui.text_table import FilterTable

_LONGEST = 60
NOTES_FOLDER = "notes"


class WritingCommands(QObject):
    """Everything here can be taken back."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell, self._menu = shell, self.tr("&Edit")
        self._bench, self._notes, self._undoing = shell.workbench, shell.workbench.notes, shell.workbench.undoing
        self._opened: OpenTarget | None = None
        self._notes.went_wrong.connect(shell.say)
        self._notes.keep_in(shell.settings.folder / NOTES_FOLDER if shell.settings.folder else None)
        self._undoing.moved.connect(self._name_steps)
        shell.opening.opened.connect(self._target_opened)

    def undoing(self) -> tuple[Action, ...]:
        """The way back, and forward again."""
        undo_tip, redo_tip = self.tr("Take back what was decided or written last"), self.tr("Do again what was taken back")
        stack, menu = self._undoing, self._menu
        redo_keys = ("Ctrl+Shift+Z", "Ctrl+Y")
        return (
            Action("edit.undo", self.tr("&Undo"), self._undo, ("Ctrl+Z",), menu, undo_tip, when=stack.canUndo),
            Action("edit.redo", self.tr("&Redo"), self._redo, redo_keys, menu, redo_tip, when=stack.canRedo),
        )

    def noting(self) -> tuple[Action, ...]:
        """Bookmarks and notes on what is selected."""
        menu = self._menu
        mark_tip = self.tr("Mark the selected module, parameter or tensor, or take its mark away")
        note_tip = self.tr("Write about the selected module, parameter or tensor; kept with the file, and part of the report")

        def can_note() -> bool:
            return self._notes.of_selection() is not None

        return (
            Action("note.mark", self.tr("Bookmar&k"), self._mark, ("Ctrl+F2",), menu, mark_tip, when=can_note, group=True),
            Action("note.write", self.tr("&Note…"), self._write, ("Ctrl+Shift+M",), menu, note_tip, when=can_note),
        )

    def walking(self) -> tuple[Action, ...]:
        """From one note to the next."""
        go, following, previous = self.tr("&Go"), partial(self._walk, 1), partial(self._walk, -1)

        def has_notes() -> bool:
            return bool(self._notes.listed())

        return (
            Action("go.next_note", self.tr("Next boo&kmark or note"), following, ("F2",), go, when=has_notes, group=True),
            Action("go.previous_note", self.tr("Previo&us bookmark or note"), previous, ("Shift+F2",), go, when=has_notes),
        )

    def filtering(self) -> tuple[Action, ...]:
        """A filter from the value of the current cell."""
        only_tip = self.tr("Filter the table for rows with the value of the current cell")
        hide_tip = self.tr("Filter the table for rows without the value of the current cell")
        only, hide = partial(self._filter, ""), partial(self._filter, "-")
        all_tip = self.tr("Modules, parameters, keys, tensors, calls and problems by name, shape or dtype")
        return (
            Action("edit.find", self.tr("Find &everywhere"), self._find, ("Ctrl+Shift+F",), self._menu, all_tip, "search"),
            Action("edit.only_rows", self.tr("&Only rows with this value"), only, ("Ctrl+Shift+I",), self._menu, only_tip),
            Action("edit.hide_rows", self.tr("&Hide rows with this value"), hide, ("Ctrl+Shift+X",), self._menu, hide_tip),
        )

    def _find(self) -> None:
        self._shell.docks.raise_panel("find")
        self._shell.docks.focus_filter("find")

    # undo and redo

    def _undo(self) -> None:
        self._shell.say(self.tr("Undone: {0}.").format(self._undoing.back()))

    def _redo(self) -> None:
        self._shell.say(self.tr("Done again: {0}.").format(self._undoing.again()))

    def _name_steps(self) -> None:
        """The menu says what would be undone."""
        steps = (
            ("edit.undo", self.tr("&Undo"), self._undoing.undoText()),
            ("edit.redo", self.tr("&Redo"), self._undoing.redoText()),
        )
        for action_id, text, what in steps:
            action = self._shell.window.findChild(QAction, action_id)
            if action is not None:
                shown = what if len(what) <= _LONGEST else f"{what[:_LONGEST]}…"
                action.setText(f"{text} {shown.replace('&', '&&')}".rstrip())

    def _target_opened(self, kind: str, _what: str) -> None:
        """Other arguments of the same target are a step."""
        before, now = self._opened, self._shell.opening.target
        if kind != "model" or now is None:
            return
        self._opened = now
        if before is not None and before.target == now.target and (before.arguments or {}) != (now.arguments or {}):
            construct = self._construct
            words = self.tr("arguments {0}").format(", ".join(f"{name}={value}" for name, value in (now.arguments or {}).items()))
            self._undoing.do("arguments", words, partial(construct, now), partial(construct, before), done=True)

    def _construct(self, request: OpenTarget) -> None:
        self._opened = request  # what follows is no step
        self._shell.opening.construct(request)

    # notes

    def _mark(self) -> None:
        note = self._notes.of_selection()
        if note is not None:
            self._notes.toggle_mark(note)

    def _write(self) -> None:
        from torchloupe.gui.notes.panel import NotesPanel

        self._shell.docks.raise_panel("notes")
        panel = self._shell.docks.panels["notes"].inside()
        assert isinstance(panel, NotesPanel)
        panel.write()

    def _walk(self, step: int) -> None:
        notes, here = self._notes.listed(), self._notes.of_selection()
        names = [(note.kind, note.name) for note in notes]
        place = names.index((here.kind, here.name)) if here and (here.kind, here.name) in names else -1 if step > 0 else 0
        reach(self._bench, *names[(place + step) % len(names)])

    # filters

    def _filter(self, sign: str) -> None:
        table = _table_of(self._shell.window.focusWidget())
        index = table.view.currentIndex() if table else None
        if table is None or index is None or not index.isValid():
            self._shell.say(self.tr("Put the cursor on a cell of a table first."))
            return
        title = re.sub(r"\W.*", "", table.model.columns[index.column()].title.lower())
        value = re.sub(r"^\W+ ", "", str(index.data() or "")).replace('"', " ").strip()
        known = [each.lower() for each in table.model.filter_titles] or [title]
        column = f"{title}:" if title and any(each.startswith(title) for each in known) else ""
        before = table.filter.text()
        after = f'{before} {sign}{column}"{value}"'.strip()
        words = self.tr("hide {0}") if sign else self.tr("only {0}")
        self._undoing.do(
            "filter", words.format(value), partial(table.filter.setText, after), partial(table.filter.setText, before)
        )


def _table_of(widget: QWidget | None) -> "FilterTable | None":
    from torchloupe.gui.text_table import FilterTable  # after the first picture

    while widget is not None and not isinstance(widget, FilterTable):
        widget = widget.parentWidget()
    return widget
