"""Files that are saved while the window is open: noticed at once, told when they hold something else than before."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal

from torchloupe.gui.jobs import Jobs, Progress
from torchloupe.session.saved_files import Stamps, changed_files, stamps_of

WATCH = "watch"
"""Tag of the job."""
GONE_MS = 1000
"""An editor may take a file away for a moment while it saves it: only one that is gone for so long is told of."""
PAUSE_MS = 60
"""One save is several events; the file is read once they are over."""


@dataclass(frozen=True)
class LookAtFiles:
    """Job: what the files hold now, with all source files beside them."""

    files: tuple[str, ...]
    folders: tuple[str, ...]
    before: Stamps

    def __call__(self, _progress: Progress) -> Stamps:
        beside = [os.path.join(folder, name) for folder in self.folders for name in _sources_in(folder)]
        return stamps_of(dict.fromkeys((*self.files, *beside)), self.before)


class Watching(QObject):
    """Watches files and their folders: an editor that replaces a file takes it out of sight of whoever watches the file alone."""

    saved = Signal(object)  # tuple of the files that hold something else now
    gone = Signal(object)  # tuple of the files that are no longer there; empty when all are back

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._watcher: QFileSystemWatcher | None = None
        self._files: tuple[str, ...] = ()
        self._stamps: Stamps = {}
        self._looked_beside = False
        self.beside = False
        """New and changed source files beside the watched ones are told, too: one of them may be what was missing."""
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._timer.timeout.connect(self._look)
        self._missing: tuple[str, ...] = ()
        self._gone_timer = QTimer(self, singleShot=True, interval=GONE_MS)
        self._gone_timer.timeout.connect(self._tell_gone)

    def watch(self, files: Iterable[str], afresh: bool = False) -> None:
        """Watch these files alone, and say what was saved since the last look at them; ``afresh``: they are as they shall be now."""
        self._files = tuple(files)
        self._looked_beside = False
        if afresh:
            self._stamps = {}
        if self._watcher is not None:
            gone = {*self._watcher.files(), *self._watcher.directories()} - {*self._files, *self._folders}
            if gone:
                self._watcher.removePaths(sorted(gone))
        if self._files:
            self._look()
        else:
            self._timer.stop()

    @property
    def _folders(self) -> tuple[str, ...]:
        return tuple(sorted({os.path.dirname(file) for file in self._files}))

    def _look(self) -> None:
        if self._files:
            self._hold_on()
            self._jobs.start(
                LookAtFiles(self._files, self._folders, self._stamps),
                done=self._looked,
                tag=WATCH,
                label=self.tr("looking at saved files"),
            )

    def _hold_on(self) -> None:
        """A file that was replaced is watched again."""
        if self._watcher is None:
            self._watcher = QFileSystemWatcher(self)
            self._watcher.fileChanged.connect(self._something_happened)
            self._watcher.directoryChanged.connect(self._something_happened)
        held = {*self._watcher.files(), *self._watcher.directories()}
        wanted = [path for path in (*self._files, *self._folders) if path not in held and os.path.exists(path)]
        if wanted:
            self._watcher.addPaths(wanted)

    def _something_happened(self, _path: str) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _looked(self, now: Stamps) -> None:
        saved = set(changed_files(self._stamps, now))
        appeared = set(now) - set(self._stamps) if self._looked_beside else set()
        self._stamps, self._looked_beside = now, True
        told = saved | appeared if self.beside else saved & set(self._files)
        if told:
            self.saved.emit(tuple(sorted(told)))
        if self._find_missing() != self._missing:
            self._gone_timer.start()

    def _find_missing(self) -> tuple[str, ...]:
        return tuple(file for file in self._files if file in self._stamps and not os.path.exists(file))

    def _tell_gone(self) -> None:
        missing = self._find_missing()
        if missing != self._missing:
            self._missing = missing
            self.gone.emit(missing)


def _sources_in(folder: str) -> list[str]:
    try:
        return [name for name in sorted(os.listdir(folder)) if name.endswith(".py")]
    except OSError:
        return []
