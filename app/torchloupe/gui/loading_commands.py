"""Commands of the menu Model: which values it has."""

from PySide6.QtCore import QObject

from torchloupe.gui.actions import Action
from torchloupe.gui.loading import Loading
from torchloupe.gui.shell import Shell


class LoadingCommands(QObject):
    """The open checkpoint's values, as they are or with some of them converted, or those of the constructor."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self.loading = Loading(shell.opening, shell.book, self)
        shell.live.plan_again = self.loading.plan_again

    def choosing(self) -> tuple[Action, ...]:
        """All of them."""
        menu, loading = self.tr("&Model"), self.loading
        load, unload = self.tr("&Load checkpoint into model"), self.tr("&Take the loaded values out")
        load_tip = self.tr("Load the values of the open checkpoint, compare each with the file, and say what was loaded")
        turned = self.tr("Load and convert what &needs it")
        turned_tip = self.tr("The same, and what fits only transposed, reshaped, cut or joined is loaded so")
        unload_tip = self.tr("Construct the model again, with the values that its constructor gives it")
        return (
            Action("model.load", load, loading.load, ("Ctrl+L",), menu, load_tip, when=lambda: loading.can_load),
            Action(
                "model.load_converted", turned, loading.load_converted, (), menu, turned_tip, when=lambda: loading.can_convert
            ),
            Action("model.unload", unload, loading.unload, (), menu, unload_tip, when=lambda: loading.can_unload),
        )
