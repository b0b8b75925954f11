"""Commands about whole windows: another one, the end of all, and what a report about the program should hold."""

import os
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Qt, QTimer

from torchloupe.gui.actions import Action
from torchloupe.gui.key_bindings import FILE, rebound, template
from torchloupe.gui.looking import open_place
from torchloupe.gui.remembering import Remembering
from torchloupe.gui.restoring import Restoring
from torchloupe.gui.settings import EDITOR_COMMAND
from torchloupe.gui.shell import Shell
from torchloupe.gui.windows import the_windows
from torchloupe.gui.wish import Wish


class WindowCommands(QObject):
    """Makes the room that restores this window, too."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell
        self.restoring = Restoring(shell)
        Remembering(shell, self.restoring)
        shell.live.files_gone.connect(self._files_gone)
        self._keys = shell.settings.folder / FILE if shell.settings.folder else None
        self._table: tuple[Action, ...] = ()

    def opening(self) -> tuple[Action, ...]:
        """A window beside this one."""
        tip = self.tr("Open another window, for another model or checkpoint")
        new = Action("window.new", self.tr("&New window"), self._new, ("Ctrl+N",), self.tr("&File"), tip)
        return (replace(new, when=lambda: the_windows() is not None),)

    def quitting(self) -> tuple[Action, ...]:
        """The end."""
        tip = self.tr("Close all windows; what is open comes back at the next start")
        return (Action("quit", self.tr("&Quit"), self._quit, ("Ctrl+Q",), self.tr("&File"), tip, group=True),)

    def preferring(self) -> tuple[Action, ...]:
        """How a person wants it."""
        tip = self.tr("Theme, text size, the start, the editor, keys, trusted folders")
        return (
            Action("edit.preferences", self.tr("Preferences…"), self._prefer, ("Ctrl+,",), self.tr("&Edit"), tip, group=True),
        )

    def reporting(self) -> tuple[Action, ...]:
        """Versions and the last lines of the log."""
        tip = self.tr("Versions and the last lines of the log, to be copied into a report; nothing is sent")
        return (Action("help.diagnostics", self.tr("&Diagnostics…"), self.show_diagnostics, (), self.tr("&Help"), tip),)

    def _files_gone(self, files: tuple[str, ...]) -> None:
        """Of the open model: it can still be run, but not made anew."""
        if files:
            name, count = os.path.basename(files[0]), len(files)
            which = self.tr("{0} is").format(name) if count == 1 else self.tr("{0} of the model's files are").format(count)
            text = self.tr("{0} no longer there. What is shown was made from it, and can still be run.").format(which)
            self.restoring.say(text, self.tr("Close model"), self._shell.opening.close_model)
        elif self.restoring.bar is not None:
            self.restoring.bar.hide()

    def _new(self) -> None:
        windows = the_windows()
        if windows is not None:
            windows.open(Wish(new_window=True))

    def _prefer(self) -> None:
        from torchloupe.gui.preferences.dialog import PreferencesDialog

        dialog = PreferencesDialog(self._shell, self.edit_keys)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def edit_keys(self) -> None:
        """The file of the keys in the editor; made with the usual ones where there is none."""
        if self._keys is None:
            self._shell.say(self.tr("Nothing is remembered in a window that was started with --fresh."))
            return
        try:
            self._keys.parent.mkdir(parents=True, exist_ok=True)
            if not self._keys.exists():
                self._keys.write_text(template(self._table), encoding="utf-8")
        except OSError as error:
            self._shell.say(self.tr("{0} cannot be written: {1}").format(self._keys, error))
            return
        self._shell.say(open_place(str(self._keys), 1, self._shell.settings.text(EDITOR_COMMAND)))

    def with_own_keys(self, table: tuple[Action, ...]) -> tuple[Action, ...]:
        """The table with the keys that the person has chosen; what is wrong with them is said."""
        self._table = table
        bound, troubles = rebound(table, self._keys)
        if self._shell.settings.trouble:
            self._shell.book.add("app", self._shell.settings.trouble)
            report = partial(self.restoring.say, self._shell.settings.trouble, self.tr("Report"), self.show_diagnostics)
            QTimer.singleShot(0, self, report)
        for trouble in troubles:
            self._shell.book.add("app", trouble)
        if troubles:
            more = self.tr(" {0} more in the log.").format(len(troubles) - 1) if len(troubles) > 1 else ""
            say = partial(self.restoring.say, troubles[0] + more, self.tr("Open {0}").format(FILE), self.edit_keys)
            QTimer.singleShot(0, self, say)
        return bound

    def _quit(self) -> None:
        windows = the_windows()
        if windows is not None:
            windows.quit()
        else:
            self._shell.window.close()

    def show_diagnostics(self) -> None:
        """In a dialog."""
        from torchloupe.gui.diagnostics import diagnostics_text
        from torchloupe.gui.help.diagnostics import DiagnosticsDialog

        lines = [f"{line.time} {line.source}: {line.text}" for line in self._shell.book.lines]
        dialog = DiagnosticsDialog(self._shell.window, diagnostics_text(self._shell.worker.hello, lines))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
