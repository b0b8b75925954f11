"""What the commands work on: the rooms of one window, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QMainWindow

from torchloupe.gui.docks import Docks
from torchloupe.gui.history import History
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.live_reload import LiveReload
from torchloupe.gui.log_book import LogBook
from torchloupe.gui.opening import Opening
from torchloupe.gui.settings import Settings
from torchloupe.gui.workbench import Workbench
from torchloupe.gui.worker_link import WorkerLink


@dataclass(frozen=True)
class Dialogs:
    """Doors to what opens above the window; each returns at once. ``keys`` is told what the help begins with.

    ``interpreter_with`` asks for one that has what a model lacks, and says when it runs. ``save_as`` asks for the name of a new file
    (title, what is suggested, filters) and gives it to a callable, ``open_file`` and ``open_folder`` for what exists.
    """

    open_checkpoint: Callable[[], object]
    open_other: Callable[[], object]
    open_model: Callable[[], object]
    open_example: Callable[[], object]
    edit_arguments: Callable[[], object]
    solve_arguments: Callable[[], object]
    interpreter: Callable[[], object]
    interpreter_with: Callable[[str, Callable[[], object]], object]
    worker: Callable[[], object]
    palette: Callable[[], object]
    go_to: Callable[[], object]
    editor_command: Callable[[], object]
    what_if: Callable[[], object]
    compare_modes: Callable[[], object]
    sweep: Callable[[], object]
    run_options: Callable[[], object]
    keys: Callable[[str], object]
    about: Callable[[], object]
    has_example: Callable[[], bool]
    save_as: Callable[[str, Path, Sequence[str], Callable[[Path], object]], object]
    open_file: Callable[[str, Sequence[str], Callable[[Path], object]], object]
    open_folder: Callable[[str, Callable[[Path], object]], object]


@dataclass(frozen=True)
class Shell:
    """Made once by the main window. ``say`` puts one sentence into the status bar, ``set_theme`` applies and keeps a theme."""

    window: QMainWindow
    workbench: Workbench
    worker: WorkerLink
    jobs: Jobs
    opening: Opening
    live: LiveReload
    docks: Docks
    history: History
    settings: Settings
    book: LogBook
    say: Callable[[str], None]
    dialogs: Dialogs
    set_theme: Callable[[str], None]
    set_text_size: Callable[[int], None]

    def anything_open(self) -> bool:
        """A checkpoint or a model is open."""
        return self.workbench.checkpoint is not None or self.workbench.model is not None
