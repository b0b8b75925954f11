"""The preferences. Each counts as soon as it is chosen; there is nothing to confirm."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
)

from torchloupe.gui import theme
from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.settings import FOLD_BLOCKS
from torchloupe.gui.shell import Shell
from torchloupe.gui.text_size import LARGEST, SMALLEST, text_size
from torchloupe.gui.theme import em, size_to
from torchloupe.gui.trust import FOLDERS
from torchloupe.gui.windows import RESTORE


class PreferencesDialog(QDialog):
    """Theme, text size, what happens at the start, the editor, keys, and whose code may run."""

    def __init__(self, shell: Shell, edit_keys: Callable[[], object]) -> None:
        super().__init__(shell.window)
        self.setWindowTitle(self.tr("Preferences"))
        self._shell, self._settings, self.edit_keys = shell, shell.settings, edit_keys
        self.colors, self.text_size = QComboBox(), QSpinBox(minimum=SMALLEST, maximum=LARGEST)
        self.states = QComboBox()
        self.states.setToolTip(self.tr("Both are told apart with every kind of colour vision, and never mean anything alone"))
        self.restore = self._switch(self.tr("Open what was open the last &time"), RESTORE)
        self.live = QCheckBox(self.tr("Run again when a file of the model is sa&ved"))
        self.live.setChecked(shell.live.is_on)
        self.fold = self._switch(self.tr("Show equal &blocks in one row"), FOLD_BLOCKS)
        self.folders = QListWidget()
        self.remove = QPushButton(self.tr("&Remove"))
        editor, keys = QPushButton(self.tr("&Editor command…")), QPushButton(self.tr("&Keys of your own…"))
        for button in (editor, keys, self.remove):
            button.setAutoDefault(False)  # Enter is for none of them
        editor.clicked.connect(shell.dialogs.editor_command)
        keys.clicked.connect(edit_keys)
        keys.setToolTip(self.tr("Open keys.json, in which every command can be given other keys; it counts from the next start"))
        self._fill()
        self._lay_out(editor, keys)
        self.colors.currentIndexChanged.connect(lambda _number: shell.set_theme(self.colors.currentData()))
        self.states.currentIndexChanged.connect(lambda _number: self._press(f"colors.{self.states.currentData()}"))
        self.text_size.valueChanged.connect(self._resize)
        self.live.toggled.connect(lambda _on: shell.live.toggle())
        self.remove.clicked.connect(self._remove)
        self.folders.currentRowChanged.connect(lambda row: self.remove.setEnabled(row >= 0))
        size_to(self, 40, 30)

    def _switch(self, text: str, key: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setChecked(self._settings.text(key, "1") == "1")
        box.toggled.connect(lambda on: self._settings.set_text(key, "1" if on else "0"))
        return box

    def _press(self, action: str) -> None:
        made = self._shell.window.findChild(QAction, action)
        assert made is not None
        made.trigger()

    def _fill(self) -> None:
        for name, text in (
            ("system", self.tr("as the desktop")),
            ("light", self.tr("light")),
            ("dark", self.tr("dark")),
        ):
            self.colors.addItem(text, name)
        self.colors.setCurrentIndex(self.colors.findData(theme.mode()))
        self.states.addItem(self.tr("green fits, vermilion does not"), "green")
        self.states.addItem(self.tr("blue fits, orange does not"), "blue")
        self.states.setCurrentIndex(self.states.findData(theme.colors()))
        self.text_size.setValue(text_size(self._settings))
        self.text_size.setSpecialValueText(self.tr("smallest"))
        self.folders.addItems(self._settings.texts(FOLDERS))
        self.folders.setAccessibleName(self.tr("Trusted folders"))
        self.folders.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.remove.setEnabled(False)

    def _lay_out(self, editor: QPushButton, keys: QPushButton) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(em(self))
        form.addRow(self.tr("T&heme"), self.colors)
        form.addRow(self.tr("&Colours"), self.states)
        form.addRow(self.tr("Text &size, in steps"), self.text_size)
        doors = QHBoxLayout()
        doors.addWidget(editor)
        doors.addWidget(keys)
        doors.addStretch(1)
        trusted = QLabel(self.tr("Trusted &folders: model files in them, and below, are run without a question"), wordWrap=True)
        trusted.setBuddy(self.folders)
        list_row = QHBoxLayout()
        list_row.addWidget(self.folders)
        list_row.addWidget(self.remove, 0, Qt.AlignmentFlag.AlignTop)
        buttons = DialogButtons(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(em(self, 0.6))
        layout.addLayout(form)
        for box in (self.restore, self.live, self.fold):
            layout.addWidget(box)
        layout.addLayout(doors)
        layout.addSpacing(em(self, 0.6))
        layout.addWidget(trusted)
        layout.addLayout(list_row, 1)
        layout.addWidget(buttons)

    def _resize(self, wanted: int) -> None:
        steps = wanted - text_size(self._settings)
        if wanted == 0:
            self._shell.set_text_size(0)
        elif steps:
            self._shell.set_text_size(steps)

    def _remove(self) -> None:
        """Its code is asked about again."""
        self.folders.takeItem(self.folders.currentRow())
        self._settings.set_texts(FOLDERS, [self.folders.item(number).text() for number in range(self.folders.count())])
