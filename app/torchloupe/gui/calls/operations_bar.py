"""Above the calls: what was run, the switch of the operations, and the next step when they are missing."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QShowEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QPushButton, QWidget

from torchloupe.gui.theme import em

SWITCH, RUN = "run.operations", "run.forward"
"""The commands behind the two buttons."""


class OperationsBar(QWidget):
    """``summary`` stands in it, the switch beside it. Switch and button are commands of the window it is in."""

    def __init__(self, summary: QWidget) -> None:
        super().__init__()
        self.switch = QCheckBox(self.tr("Operations"))
        self._is_tied = False
        self.switch.setAccessibleName(self.tr("Operations between the calls"))
        self.missing = QLabel(self.tr("This run was made without operations."), wordWrap=True)
        self.missing.setIndent(em(self, 0.25))
        self.again = QPushButton()
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, em(self, 0.25), 0)
        layout.setSpacing(em(self, 0.25))
        layout.addWidget(summary, 0, 0)
        layout.addWidget(self.switch, 0, 1, Qt.AlignmentFlag.AlignRight)
        layout.addWidget(self.missing, 1, 0)
        layout.addWidget(self.again, 1, 1)
        layout.setColumnStretch(0, 1)
        self.show_missing(False)

    def show_missing(self, missing: bool) -> None:
        """Say that the run is to be made again, or nothing."""
        self.missing.setVisible(missing)
        self.again.setVisible(missing)

    def showEvent(self, event: QShowEvent) -> None:
        """Only now the window with its commands is known."""
        super().showEvent(event)
        switch, run = (self.window().findChild(QAction, name) for name in (SWITCH, RUN))
        self.switch.setVisible(switch is not None)
        if switch is None or run is None or self._is_tied:
            return
        self._is_tied = True
        self.switch.setChecked(switch.isChecked())
        self.switch.setToolTip(switch.toolTip())
        self.switch.clicked.connect(switch.trigger)
        switch.toggled.connect(self.switch.setChecked)
        keys = run.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        self.again.setText(self.tr("Run again  {0}").format(keys).rstrip())
        self.again.setEnabled(run.isEnabled())
        self.again.clicked.connect(run.trigger)
        run.enabledChanged.connect(self.again.setEnabled)
