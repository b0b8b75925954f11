"""What opens above the window: file choosers, the palette, the dialogs of the features. Each is imported when it is needed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QMainWindow

from torchloupe.analysis.target_source import split_target
from torchloupe.gui.actions import ActionSet, shortcut_text
from torchloupe.gui.entries import Entry
from torchloupe.gui.example import example_files, own_example
from torchloupe.gui.looking import ListEntries
from torchloupe.gui.opening import Asked, Opening
from torchloupe.gui.run_bar import RunBar
from torchloupe.gui.running import RunOptions
from torchloupe.gui.settings import Settings
from torchloupe.gui.shell import Dialogs
from torchloupe.gui.trust import Answer
from torchloupe.gui.trust_question import ask_file_trust, ask_trust
from torchloupe.gui.worker_link import WorkerLink
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import OpenTarget

CHECKPOINT_FILES = "*.pt *.pth *.ckpt *.bin *.safetensors *.tar *.pkl *.json *.gguf *.npz"


class WindowDialogs(QObject):
    """Opens them; ``actions`` is set once the table of commands is made."""

    def __init__(self, window: QMainWindow, opening: Opening, worker: WorkerLink, run_bar: RunBar, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._opening, self._worker, self._run_bar = window, opening, worker, run_bar
        self._settings = settings
        self.actions: ActionSet | None = None

    def doors(self) -> Dialogs:
        """The doors as the commands know them."""
        return Dialogs(
            open_checkpoint=self.open_checkpoint,
            open_other=self.open_other,
            open_model=self.open_model,
            open_example=self.open_example,
            edit_arguments=self.edit_arguments,
            solve_arguments=self.solve_arguments,
            interpreter=self.choose_interpreter,
            interpreter_with=self.choose_interpreter_with,
            worker=self.show_worker,
            palette=self.show_palette,
            go_to=self.go_to,
            editor_command=self.choose_editor,
            what_if=self.ask_what_if,
            compare_modes=self.compare_modes,
            sweep=self.sweep_sizes,
            run_options=self.choose_run_options,
            keys=self.show_keys,
            about=self.show_about,
            open_file=self.open_file,
            open_folder=self.open_folder,
            has_example=lambda: all(path.is_file() for path in example_files()),
            save_as=self.save_as,
        )

    def choose_run_options(self) -> None:
        """How the next run is made."""
        from torchloupe.gui.run_options.dialog import RunOptionsDialog

        def chosen(options: RunOptions) -> None:
            self._opening.options = options
            self._run_bar.show_unusual()

        self._show(RunOptionsDialog(self._window, self._opening.options, chosen))

    def open_checkpoint(self) -> None:
        """Choose checkpoint files."""
        chooser = self._chooser(self.tr("Open checkpoint"), QFileDialog.FileMode.ExistingFiles)
        chooser.filesSelected.connect(self._opening.open_paths)
        self._show(chooser)

    def open_other(self) -> None:
        """Choose the checkpoint that the open one is compared with."""
        chooser = self._chooser(self.tr("Compare with checkpoint"), QFileDialog.FileMode.ExistingFile)
        chooser.fileSelected.connect(lambda name: self._opening.open_paths([name], compare=True))
        self._show(chooser)

    def _chooser(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        chooser = QFileDialog(self._window, title)
        chooser.setFileMode(mode)
        chooser.setNameFilters([self.tr("Checkpoints ({0})").format(CHECKPOINT_FILES), self.tr("All files (*)")])
        return chooser

    def open_file(self, title: str, filters: Sequence[str], chosen: Callable[[Path], object]) -> None:
        """Choose a file that exists."""
        chooser = QFileDialog(self._window, title)
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.setNameFilters(list(filters))
        chooser.fileSelected.connect(lambda name: chosen(Path(name)))
        self._show(chooser)

    def open_folder(self, title: str, chosen: Callable[[Path], object]) -> None:
        """Choose a folder."""
        chooser = QFileDialog(self._window, title)
        chooser.setFileMode(QFileDialog.FileMode.Directory)
        chooser.fileSelected.connect(lambda name: chosen(Path(name)))
        self._show(chooser)

    def save_as(self, title: str, suggested: Path, filters: Sequence[str], chosen: Callable[[Path], object]) -> None:
        """Choose the name of a new file; the dialog asks before one that exists is replaced. The filter says the suffix."""
        chooser = QFileDialog(self._window, title, str(suggested.parent))
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setNameFilters(list(filters))
        chooser.setDefaultSuffix(suggested.suffix)
        fitting = (each for each in filters if f"*{suggested.suffix}" in each)
        chooser.selectNameFilter(next(fitting, filters[0]))
        chooser.selectFile(suggested.name)
        chooser.filterSelected.connect(lambda name: _use_suffix(chooser, name))
        chooser.fileSelected.connect(lambda name: chosen(Path(name)))
        self._show(chooser)

    def open_model(self, asked: Asked | None = None) -> None:
        """Point at a model."""
        from torchloupe.gui.target_dialog.dialog import TargetDialog

        open_now = [each for each in self._window.findChildren(TargetDialog) if each.isVisible()]
        if open_now and asked is not None:
            open_now[0].ask(asked)
            return
        dialog = TargetDialog(self._window, self._opening, self._run_bar, self._settings, asked)
        dialog.interpreter_clicked.connect(self.choose_interpreter)
        self._show(dialog)

    def edit_arguments(self) -> None:
        """The dialog of the open model again."""
        if self._opening.target is not None:
            self.open_model(Asked(self._opening.target))

    def solve_arguments(self) -> None:
        """The dialog of the open model, its arguments being worked out from the open checkpoint."""
        target = self._opening.target
        if target is not None:
            self.open_model(Asked(replace(target, arguments=None), solve=True))

    def open_example(self) -> None:
        """The small model that comes along, and its checkpoint."""
        self._opening.open_paths(own_example(), trusted=True)

    def choose_interpreter(self) -> None:
        """Another Python for the worker."""
        self.choose_interpreter_with("", lambda: None)

    def choose_interpreter_with(self, wanted: str, then: Callable[[], object]) -> None:
        """Another Python, which has the module (``einops``) or is of the version (``>=3.12``) that a model lacks."""
        from torchloupe.gui.interpreter.dialog import InterpreterDialog

        near = self.model_folder(self._opening.attempt) if wanted else self.model_folder()
        dialog = InterpreterDialog(self._window, self._worker.jobs, self._worker.interpreter, near, wanted)
        dialog.chosen.connect(self._worker.use)
        dialog.chosen.connect(lambda _path: then())
        self._show(dialog)

    def model_folder(self, request: OpenTarget | None = None) -> Path | None:
        """Where the file of a model lies, by default of the open one, if it is a file."""
        target = request or self._opening.target
        place = split_target(target.target)[0] if target else ""
        return Path(place).parent if place.endswith(".py") else None

    def show_worker(self) -> None:
        """The worker's whole life, above the status bar."""
        from torchloupe.gui.interpreter.worker_popup import BUTTONS, WorkerPopup

        assert self.actions is not None
        popup = WorkerPopup(self._window, self._worker, self._worker.book, [self.actions[name] for name in BUTTONS])
        popup.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        popup.show_above_status_bar()

    def show_palette(self) -> None:
        """All commands that make sense now."""
        from torchloupe.gui.palette import Palette

        assert self.actions is not None
        self.actions.refresh()
        entries = []
        for action_id, action in self.actions.table.items():
            made = self.actions[action_id]
            if made.isEnabled() and action_id != "go.palette":
                menu = action.menu.replace("&", "")
                text = f"{menu}: {action.plain_text}" if menu else action.plain_text
                entries.append(Entry(text, shortcut_text(action), made.trigger))
        self._show(Palette(self._window, self.tr("Command"), entries))

    def go_to(self) -> None:
        """Everything with a name."""
        from torchloupe.gui.palette import Palette

        palette = Palette(self._window, self.tr("Go to module, key, tensor or problem"), ())
        work = ListEntries(self._opening.workbench)
        if work.is_large:
            label = self.tr("listing what is open")
            self._worker.jobs.start(work, palette.set_entries, tag="go to", label=label, owner=palette)
        else:
            palette.set_entries(work())
        self._show(palette)

    def choose_editor(self) -> None:
        """The program that opens a line of the source."""
        from torchloupe.gui.editor_command.dialog import EditorDialog

        self._show(EditorDialog(self._window, self._settings))

    def ask_what_if(self) -> None:
        """What would stay behind if the model were moved; beside the window, so that the source can be seen."""
        from torchloupe.gui.what_if.dialog import WhatIfDialog

        dialog = WhatIfDialog(self._window, self._opening.workbench, self._worker.jobs, self._opening.options.device)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def compare_modes(self) -> None:
        """Train against eval mode, call by call; beside the window, so that the calls can be seen."""
        from torchloupe.gui.modes.dialog import ModesDialog

        dialog = ModesDialog(self._window, self._opening.workbench, self._worker.jobs)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def sweep_sizes(self) -> None:
        """For which sizes of its input the model runs; beside the window, so that the lines can be seen."""
        from torchloupe.gui.sweep.dialog import SweepDialog

        dialog = SweepDialog(self._window, self._opening.workbench, self._worker.jobs)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()

    def show_keys(self, topic: str) -> None:
        """A few sentences, and the list of commands."""
        from torchloupe.gui.help.dialog import KeysDialog

        assert self.actions is not None
        self._show(KeysDialog(self._window, list(self.actions.table.values()), topic))

    def show_about(self) -> None:
        """Versions."""
        from torchloupe.gui.help.dialog import AboutDialog

        self._show(AboutDialog(self._window, self._worker.hello))

    def ask_trust(self, folder: Path, answer: Answer) -> None:
        """The one question before code of a folder runs for the first time."""
        ask_trust(self._window, folder, answer)

    def ask_file_trust(self, file: Path, what: Problem, answer: Answer) -> None:
        """The one question before a file is loaded with the code in it."""
        ask_file_trust(self._window, file, what, answer)

    def _show(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()


def _use_suffix(chooser: QFileDialog, name_filter: str) -> None:
    """The first suffix of the filter, for the name that stands there and for one that is typed without any."""
    suffix = name_filter.partition("*")[2].split()[0].rstrip(")")
    chooser.setDefaultSuffix(suffix)
    for name in chooser.selectedFiles()[:1]:
        chooser.selectFile(Path(name).with_suffix(suffix).name)
