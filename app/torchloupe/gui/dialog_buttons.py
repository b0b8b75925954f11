"""The buttons below a dialog, in words alone: the pictures that Qt puts on them are none of ours, and black on a dark ground."""

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QDialogButtonBox


class DialogButtons(QDialogButtonBox):
    """A box of standard buttons."""

    def __init__(self, buttons: QDialogButtonBox.StandardButton) -> None:
        super().__init__(buttons)
        for button in self.buttons():
            button.setIcon(QIcon())
