"""Commands of the menus File and Edit."""

from dataclasses import replace

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence

from torchloupe.gui.actions import Action
from torchloupe.gui.looking import copy_path, dotted_path
from torchloupe.gui.shell import Shell

Key = QKeySequence.StandardKey


class FileCommands(QObject):
    """Open, close, filter."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell
        self._menu = self.tr("&File")

    def opening(self) -> tuple[Action, ...]:
        """What brings something into the window."""
        dialogs, menu = self._shell.dialogs, self._menu
        checkpoint_tip = self.tr("Open a checkpoint; nothing in it is executed")
        model_tip = self.tr("Point at the file or module that defines the model")
        example_tip = self.tr("Open a small model and its checkpoint, in which some things are wrong")
        reload_tip = self.tr("Read the files again and construct the model in a new worker")
        checkpoint = Action(
            "open.checkpoint", self.tr("&Open checkpoint…"), dialogs.open_checkpoint, (Key.Open,), menu, checkpoint_tip
        )
        model = Action("open.model", self.tr("Open &model…"), dialogs.open_model, ("Ctrl+Shift+O",), menu, model_tip)
        example = Action("open.example", self.tr("Try the &example"), dialogs.open_example, (), menu, example_tip)
        reload = Action("reload", self.tr("&Reload"), self._shell.opening.reload, ("Ctrl+R",), menu, reload_tip)
        return (
            replace(checkpoint, icon="checkpoint", short=self.tr("Checkpoint")),
            replace(model, icon="model", short=self.tr("Model")),
            replace(example, icon="example", when=dialogs.has_example),
            replace(reload, icon="reload", when=self._shell.anything_open, group=True),
        )

    def comparing(self) -> tuple[Action, ...]:
        """Two checkpoints side by side."""
        opening, bench, menu = self._shell.opening, self._shell.workbench, self._menu
        other_tip = self.tr("Put another checkpoint beside the open one, keys and values")
        swap_tip = self.tr("What was found is what is expected, and the other way round")
        values_tip = self.tr("Read both files and see which weights moved")
        other = Action(
            "open.other", self.tr("Compare wit&h checkpoint…"), self._shell.dialogs.open_other, ("Ctrl+D",), menu, other_tip
        )
        swap = Action("compare.swap", self.tr("S&wap the two checkpoints"), opening.swap_checkpoints, (), menu, swap_tip)
        values = Action("compare.values", self.tr("Compare &values"), self._compare_values, (), menu, values_tip)
        close = Action("close.other", self.tr("Close the other chec&kpoint"), opening.other.close, (), menu)
        return (
            replace(other, when=lambda: bench.checkpoint is not None, icon="compare", group=True),
            replace(values, when=lambda: bench.pair is not None),
            replace(swap, when=lambda: bench.other is not None),
            replace(close, when=lambda: bench.other is not None),
        )

    def _compare_values(self) -> None:
        self._shell.docks.raise_panel("checkpoint_pair")
        self._shell.workbench.values_wanted.emit()

    def closing(self) -> tuple[Action, ...]:
        """What takes something out of it."""
        opening, bench, menu = self._shell.opening, self._shell.workbench, self._menu
        checkpoint = Action("close.checkpoint", self.tr("Close &checkpoint"), opening.close_checkpoint, (), menu)
        model = Action("close.model", self.tr("Close mo&del"), opening.close_model, (), menu)
        tip = self.tr("Close the checkpoint and the model")
        return (
            replace(checkpoint, when=lambda: bench.checkpoint is not None, group=True),
            replace(model, when=lambda: bench.model is not None),
            Action("close.all", self.tr("Close &all"), self._close_all, ("Ctrl+W",), menu, tip),
        )

    def _close_all(self) -> None:
        self._shell.opening.other.close()
        self._shell.opening.close_checkpoint()
        self._shell.opening.close_model()
        self._shell.docks.show_only_start()
        self._shell.say("")

    def editing(self) -> tuple[Action, ...]:
        """A path, and the filter."""
        bench, menu = self._shell.workbench, self.tr("&Edit")
        path_tip = self.tr("Copy the key or module path of what is selected")
        filter_tip = self.tr("Words, -word, [*,768] for a shape, dtype:bf16 for a column")
        path = Action("edit.copy_path", self.tr("Copy dotted &path"), self._copy_path, ("Ctrl+Shift+C",), menu, path_tip)
        return (
            replace(path, when=lambda: bool(dotted_path(bench.selection))),
            Action(
                "edit.filter", self.tr("&Filter this panel"), self._filter, (Key.Find,), menu, filter_tip, "search", group=True
            ),
        )

    def _copy_path(self) -> None:
        self._shell.say(copy_path(self._shell.workbench))

    def _filter(self) -> None:
        if not self._shell.docks.focus_filter():
            self._shell.say(self.tr("This panel has no filter."))
