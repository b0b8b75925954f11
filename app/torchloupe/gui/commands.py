"""The table of all commands: what the window can do stands in the files of commands once, and nowhere else."""

from torchloupe.gui.actions import Action
from torchloupe.gui.copy_commands import CopyCommands
from torchloupe.gui.export_commands import ExportCommands
from torchloupe.gui.file_commands import FileCommands
from torchloupe.gui.go_commands import GoCommands
from torchloupe.gui.loading_commands import LoadingCommands
from torchloupe.gui.mapping_commands import MappingCommands
from torchloupe.gui.model_commands import ModelCommands
from torchloupe.gui.open_again import OpenAgain
from torchloupe.gui.pinning_commands import PinningCommands
from torchloupe.gui.report_commands import ReportCommands
from torchloupe.gui.run_commands import RunCommands
from torchloupe.gui.shell import Shell
from torchloupe.gui.step_commands import StepCommands
from torchloupe.gui.view_commands import ViewCommands
from torchloupe.gui.window_commands import WindowCommands
from torchloupe.gui.writing_commands import WritingCommands


def command_table(shell: Shell) -> tuple[Action, ...]:
    """All actions, in the order of the menus."""
    loading = LoadingCommands(shell)  # first: a model that was made anew gets its values before others use it
    mapping = MappingCommands(shell)
    copies = CopyCommands(shell)
    writing, window = WritingCommands(shell), WindowCommands(shell)
    files, go, run, view = FileCommands(shell), GoCommands(shell), RunCommands(shell), ViewCommands(shell)
    table = (
        *files.opening(),
        *window.opening(),
        *files.comparing(),
        *OpenAgain(shell).actions(),
        *ExportCommands(shell).exporting(),
        *ReportCommands(shell).reporting(),
        *files.closing(),
        *window.quitting(),
        *writing.undoing(),
        *copies.copying(),
        *files.editing(),
        *writing.filtering(),
        *writing.noting(),
        *copies.picturing(),
        *window.preferring(),
        *go.finding(),
        *go.walking(),
        *writing.walking(),
        *run.running(),
        *run.sweeping(),
        *StepCommands(shell).training(),
        *PinningCommands(shell).looking(),
        *run.worker(),
        *loading.choosing(),
        *ModelCommands(shell).looking(),
        *mapping.deciding(),
        *mapping.keeping(),
        *view.areas(),
        *view.appearance(),
        *view.panels(),
        *view.help(),
        *window.reporting(),
    )
    return window.with_own_keys(table)
