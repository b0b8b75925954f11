"""Commands of the menu Run about what flowed: look at it, pin two of it, compare them."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from torchloupe.gui.actions import Action
from torchloupe.gui.shell import Shell

if TYPE_CHECKING:
    from torchloupe.gui.tensor.panel import TensorPanel


class PinningCommands(QObject):
    """All of them end in the Tensor panel."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell.window)
        self._shell = shell
        self._menu = self.tr("&Run")

    def looking(self) -> tuple[Action, ...]:
        """At the selected call, and at what is pinned."""
        bench, menu = self._shell.workbench, self._menu
        values_tip = self.tr("Look at what the selected call gave, in the view that fits it best")
        pin_tip = self.tr("Keep what the selected call gave, to hold something else against it")
        compare_tip = self.tr("How far the two pinned tensors differ")

        def has_call() -> bool:
            return bench.selection.call in bench.calls

        pin = Action("call.pin", self.tr("&Pin call"), self._pin, ("Ctrl+K",), menu, pin_tip, when=has_call)
        compare = self.tr("Co&mpare pinned")
        return (
            Action(
                "call.values", self.tr("Show &values"), self._show, ("Ctrl+Shift+V",), menu, values_tip, when=has_call, group=True
            ),
            pin,
            Action(
                "call.compare",
                compare,
                self._compare,
                ("Ctrl+Shift+D",),
                menu,
                compare_tip,
                when=lambda: bench.pins.pair is not None,
            ),
            Action("call.unpin", self.tr("&Unpin all"), bench.pins.clear, (), menu, when=lambda: bool(bench.pins.items)),
        )

    def _panel(self) -> "TensorPanel":
        from torchloupe.gui.tensor.panel import TensorPanel

        panel = self._shell.docks.panels["tensor"].inside()
        assert isinstance(panel, TensorPanel)
        return panel

    def _show(self) -> None:
        self._shell.docks.raise_panel("tensor")
        self._panel().views.show_best()

    def _pin(self) -> None:
        self._shell.say(self._panel().pin_choice())

    def _compare(self) -> None:
        self._shell.docks.raise_panel("tensor")
        self._panel().show_pinned()
