"""What a target was last opened and run with comes back with it: which class of its file, and the input that was typed."""

from PySide6.QtCore import QObject

from torchloupe.analysis.target_source import split_target
from torchloupe.gui.restoring import Restoring
from torchloupe.gui.run_bar import RunBar
from torchloupe.gui.shell import Shell


class Remembering(QObject):
    """Follows what is opened and run in one window."""

    def __init__(self, shell: Shell, restoring: Restoring) -> None:
        super().__init__(shell.window)
        self._shell, self._restoring, self._target = shell, restoring, ""
        shell.opening.opened.connect(self._opened)
        shell.workbench.trace_changed.connect(self._ran)

    def _opened(self, kind: str, target: str) -> None:
        """Another target has the input that it had, unless one was typed for it already."""
        if kind != "model":
            return
        place, name = split_target(target)
        if name:
            self._shell.settings.remember_name(place, name)
        if target != self._target and not self._restoring.is_coming:
            bar = self._shell.window.findChildren(RunBar)[0]
            known = self._shell.settings.input_of(target)
            if known and (not bar.input.text() or bar.input.text() == self._shell.settings.input_of(self._target)):
                bar.show_input(known)
        self._target = target

    def _ran(self) -> None:
        """What runs was worth typing."""
        if self._shell.workbench.running and self._target:
            self._shell.settings.remember_input(self._target, self._shell.window.findChildren(RunBar)[0].input.text())
