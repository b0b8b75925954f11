"""Commands that write a new file: the checkpoint under other keys or in another format, one tensor of it."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from torchloupe.analysis.diff_rows import StateDictDiff
from torchloupe.gui.actions import Action
from torchloupe.gui.exporting import SaveTensor, WriteCheckpoint
from torchloupe.gui.shell import Shell
from torchloupe.wire.contents import StoredTensor
from torchloupe.wire.requests import Failed


class ExportCommands(QObject):
    """Each asks for a name, then writes in a job that can be cancelled; the open files are never written."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell
        self._menu = self.tr("&File")

    def exporting(self) -> tuple[Action, ...]:
        """What can be saved."""
        bench, menu = self._shell.workbench, self._menu
        as_is_tip = self.tr("Write the state_dict to a new .safetensors or .pt file, bit for bit")
        keys_tip = self.tr(
            "Write what the model can load: under its keys, transposed, cut and joined as Compare has matched them"
        )
        tensor_tip = self.tr("Write the values of the selected tensor of the checkpoint for numpy")
        as_is = Action("export.checkpoint", self.tr("E&xport checkpoint as…"), self._export, (), menu, as_is_tip, group=True)
        keys = Action("export.renamed", self.tr("Export &under the model's keys…"), self._export_renamed, (), menu, keys_tip)
        tensor = Action("export.tensor", self.tr("&Save tensor as .npy…"), self._save_tensor, (), menu, tensor_tip)
        return (
            replace(as_is, when=lambda: bench.checkpoint is not None),
            replace(keys, when=lambda: bench.has_differences),
            replace(tensor, when=lambda: bench.checkpoint is not None and bench.selection.stored is not None),
        )

    def _export(self) -> None:
        self._ask_name(self.tr("Export checkpoint"), None)

    def _export_renamed(self) -> None:
        self._ask_name(self.tr("Export under the model's keys"), self._shell.workbench.diff)

    def _ask_name(self, title: str, diff: StateDictDiff | None) -> None:
        bench = self._shell.workbench
        if bench.checkpoint is None:
            return
        source = Path(bench.checkpoint.path)
        suffix = ".pt" if source.suffix == ".safetensors" else ".safetensors"
        work = partial(WriteCheckpoint, bench.checkpoint, bench.container, diff)
        filters = (self.tr("safetensors (*.safetensors)"), self.tr("PyTorch (*.pt *.pth *.ckpt *.bin)"))
        self._shell.dialogs.save_as(title, source.with_suffix(suffix), filters, lambda path: self._start(work(path), path))

    def _save_tensor(self) -> None:
        bench = self._shell.workbench
        tensor, contents = bench.selection.stored, bench.checkpoint
        if tensor is None or contents is None:
            return
        work = partial(SaveTensor, contents, tensor)
        suggested = Path(contents.path).with_name(f"{_file_name(tensor)}.npy")
        filters = (self.tr("numpy (*.npy)"),)
        self._shell.dialogs.save_as(self.tr("Save tensor"), suggested, filters, lambda path: self._start(work(path), path))

    def _start(self, work: WriteCheckpoint | SaveTensor, path: Path) -> None:
        label = self.tr("Writing {0}").format(path.name)
        self._shell.jobs.start(work, self._written, self._failed, tag=f"write {path}", label=label)

    def _written(self, lines: tuple[str, ...]) -> None:
        self._shell.say(" ".join(lines[:2]))
        for line in lines:
            self._shell.book.add("app", line)

    def _failed(self, failed: Failed) -> None:
        if failed.cancelled:
            self._shell.say(self.tr("Cancelled. Nothing was written."))
        else:
            self._shell.jobs.went_wrong.emit(failed)


def _file_name(tensor: StoredTensor) -> str:
    """The key, without what a file's name may not have."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in tensor.key)[:100]
