"""The dialog that points at a model: where it is defined, which class or factory, with which arguments, where it runs."""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from torchloupe.analysis.target_source import split_target
from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.opening import Asked, Opening
from torchloupe.gui.role_label import RoleLabel
from torchloupe.gui.run_bar import RunBar
from torchloupe.gui.settings import Settings
from torchloupe.gui.target_dialog.arguments import ArgumentsBox
from torchloupe.gui.target_dialog.asking import failure_text
from torchloupe.gui.target_dialog.folders_field import FoldersField
from torchloupe.gui.target_dialog.model import choice_text, named, place_trouble, target_of
from torchloupe.gui.targets import ReadTargetFile
from torchloupe.gui.theme import em, size_to
from torchloupe.wire.requests import Failed, ListTargets, OpenTarget, TargetChoices


class TargetDialog(QDialog):
    """Asks until the model is open; what could not be constructed leaves it as it was, with the reason.

    The sample input and the device are those of the run bar.
    """

    interpreter_clicked = Signal()

    def __init__(
        self, parent: QWidget, opening: Opening, run_bar: RunBar, settings: Settings, asked: Asked | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Open model"))
        self._opening, self._run_bar, self._settings = opening, run_bar, settings
        self.choices: TargetChoices | None = None
        self._looked_at = ""
        self._solves = False  # of a class that is chosen the arguments are worked out at once
        self._waits_for = ""  # the target that is being opened
        self._heard = ""  # the last sentence about opening
        self.place = QLineEdit(placeholderText=self.tr("model.py, or package.module:Class"))
        self.name = QComboBox(editable=True)
        typed = QLineEdit()
        self.name.setLineEdit(typed)
        typed.editingFinished.connect(self._describe)
        self.arguments = ArgumentsBox(opening, settings)
        unsaid = self.tr("if empty, from the file or worked out; or type specs: float32[1,3,224,224]")
        self.input = QLineEdit(run_bar.input.text(), placeholderText=unsaid)
        self.device = _same_choice(run_bar.device)
        self.folders = FoldersField()
        self.folders.is_remote = opening.worker.is_remote
        self.downloads = QCheckBox(self.tr("Allow down&loads"))
        self.downloads.setToolTip(self.tr("Let the model download files, such as pretrained weights, while it is constructed"))
        self.says = RoleLabel()
        self.says.setMinimumHeight(em(self, 2.6))
        self.buttons = DialogButtons(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        self.open_button = self.buttons.button(QDialogButtonBox.StandardButton.Open)
        self.open_button.setText(self.tr("&Open"))
        self.open_button.setDefault(True)
        # else Enter in a field would cancel as soon as this button had the focus
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setAutoDefault(False)
        self._lay_out()
        self._connect()
        if asked is not None:
            self.ask(asked)
        self._judge()

    # building

    def _lay_out(self) -> None:
        above = QFormLayout()
        browse = QPushButton(self.tr("&Browse…"), autoDefault=False)
        browse.clicked.connect(self._browse)
        _add_row(above, self.tr("&Defined in"), self.place, browse)
        _add_row(above, self.tr("Class or &factory"), self.name)
        below = QFormLayout()
        _add_row(below, self.tr("Sample &input"), self.input)
        _add_row(below, self.tr("De&vice"), self.device)
        _add_row(below, self.tr("I&mport folders"), self.folders)
        below.addRow("", self.downloads)
        self.interpreter = QPushButton(self._opening.worker.interpreter, autoDefault=False)
        self.interpreter.setToolTip(self.tr("The Python that runs the model; click to choose another one"))
        _add_row(below, self.tr("Interpreter"), self.interpreter)
        layout = QVBoxLayout(self)
        layout.addLayout(above)
        layout.addWidget(self.arguments, 1)
        layout.addLayout(below)
        layout.addWidget(self.says)
        layout.addWidget(self.buttons)
        labels = [each for each in self.findChildren(QLabel) if each.buddy() is not None]
        for label in labels:
            label.setMinimumWidth(max(each.sizeHint().width() for each in labels))
        for form in (above, below):
            form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        size_to(self, 64, 49)

    def _connect(self) -> None:
        opening = self._opening
        self.folders.edited.connect(self._judge)
        self.folders.changed.connect(self.arguments.look_into)
        self.buttons.accepted.connect(self._open)
        self.buttons.rejected.connect(self.reject)
        self.place.editingFinished.connect(self._look)
        self.place.textChanged.connect(self._judge)
        self.name.currentTextChanged.connect(self._name_changed)
        self.arguments.edited.connect(self._judge)
        self.arguments.fits.connect(self.open_button.setFocus)
        self.interpreter.clicked.connect(self.interpreter_clicked)
        opening.worker.restarted.connect(self._worker_changed)
        opening.opened.connect(self._opened)
        opening.refused.connect(self._refused)
        opening.said.connect(self._said)

    # which class

    def ask(self, asked: Asked) -> None:
        """Show what somebody wants to open, and ask for what is not said yet."""
        place, name = split_target(asked.request.target)
        self._solves, self._waits_for = asked.solve, ""
        self.place.setText(place)
        self.name.setEditText(name or "")
        folders = asked.request.import_folders or self._settings.import_folders_of(place)
        self.folders.show_folders(folders)
        self.downloads.setChecked(asked.request.allow_downloads)
        self.arguments.questions.folders = tuple(folders)
        if asked.choices:
            self._looked_at = place
            self._show_choices(asked.choices)
        else:
            self._look()
        self._describe()
        if asked.request.arguments:
            self.arguments.show_arguments(asked.request.arguments)

    def _browse(self) -> None:
        chooser = QFileDialog(self, self.tr("The file that defines the model"), "", self.tr("Python files (*.py)"))
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.fileSelected.connect(self._browsed)
        chooser.open()

    def _browsed(self, path: str) -> None:
        self.place.setText(path)
        self._look()

    def _look(self) -> None:
        """Find out what the file or the module defines."""
        place, name = split_target(self.place.text().strip())
        if not place or place == self._looked_at:
            return
        if name:
            self._describe()
            return
        path = Path(place).expanduser()
        if place.endswith(".py") and not self._opening.worker.is_remote:
            if not path.is_file():
                return
            work: object = ReadTargetFile(path.absolute())
        else:
            work = ListTargets(place)
        self._looked_at = place
        self._opening.jobs.start(
            work,
            done=self._show_choices,
            failed=lambda failed: self.says.say(failure_text(failed), "error"),
            tag="target dialog",
            owner=self,
            label=self.tr("looking into {0}").format(place),
        )

    def _show_choices(self, choices: TargetChoices) -> None:
        wanted, self.choices = self.name.currentText().strip(), choices
        self.name.blockSignals(True)
        self.name.clear()
        for choice in choices.choices:
            self.name.addItem(choice.name, choice)
            self.name.setItemData(self.name.count() - 1, choice_text(choice), Qt.ItemDataRole.ToolTipRole)
        before = self.name.findText(self._settings.name_of(choices.file))
        self.name.setCurrentText(wanted or self.name.itemText(before) or choices.default or self.name.currentText())
        self.name.blockSignals(False)
        self._name_changed(self.name.currentText())

    def _name_changed(self, name: str) -> None:
        choice = named(self.choices, name)
        if choice is not None:
            self._describe()
        self._judge()

    # which arguments

    @property
    def target(self) -> str:
        """What the fields name now."""
        return target_of(self.place.text(), self.name.currentText(), self._opening.worker.is_remote)

    def _describe(self) -> None:
        """Show the arguments of another class."""
        target = self.target
        if (
            target != self.arguments.target
            and split_target(target)[1]
            and not place_trouble(self.place.text(), self._opening.worker.is_remote)
        ):
            self.arguments.show_target(target, named(self.choices, self.name.currentText().strip()), self._solves)

    def _worker_changed(self) -> None:
        self.interpreter.setText(self._opening.worker.interpreter)
        self.folders.is_remote = self._opening.worker.is_remote
        self.arguments.ask_again()

    # opening

    @property
    def trouble(self) -> str:
        """Why this cannot be opened yet, as a sentence; empty when it can."""
        place = place_trouble(self.place.text(), self._opening.worker.is_remote)
        return place or self.arguments.trouble or self.folders.trouble

    def _judge(self) -> None:
        solving = self.arguments.questions.solving
        sentence = "" if solving else self.trouble
        self.says.say(sentence, "error" if self.place.text() else "muted")
        self.open_button.setEnabled(not sentence and not solving and not self._waits_for)

    def _open(self) -> None:
        if not self.open_button.isEnabled():
            return
        self._run_bar.input.setText(self.input.text())
        self._run_bar.device.setCurrentIndex(self.device.currentIndex())
        self._waits_for = self.target
        given = self.arguments.arguments
        self._settings.remember_arguments(self.target, given)
        self._judge()
        self.says.say(self.tr("Constructing {0} …").format(self.name.currentText() or self.target), "muted")
        like = OpenTarget("", import_folders=self.folders.folders, allow_downloads=self.downloads.isChecked())
        self._opening.open_target(self.target, arguments=given, like=like)

    def _opened(self, kind: str, _what: str) -> None:
        if kind == "model" and self._waits_for:
            self._waits_for = ""
            self.accept()

    def _refused(self, failed: Failed) -> None:
        if self._waits_for:
            self._waits_for = ""
            self._judge()
            self.says.say(failure_text(failed), "error")

    def _said(self, sentence: str) -> None:
        """It may be that nothing was opened and nothing failed, but was cancelled or not trusted: known a moment later."""
        self._heard = sentence
        QTimer.singleShot(0, self, self._stay)

    def _stay(self) -> None:
        if self._waits_for and not self._opening.constructing:
            self._waits_for = ""
            self._judge()
            self.says.say(self._heard, "warning")

    def reject(self) -> None:
        """Close; what is being worked out is stopped first, and the dialog stays open for another press."""
        if self.arguments.questions.solving:
            self.arguments.questions.stop()
            return
        super().reject()


def _same_choice(other: QComboBox) -> QComboBox:
    made = QComboBox()
    for number in range(other.count()):
        made.addItem(other.itemText(number), other.itemData(number))
    made.setCurrentIndex(other.currentIndex())
    return made


def _add_row(form: QFormLayout, text: str, field: QWidget, beside: QWidget | None = None) -> None:
    label = QLabel(text)
    label.setBuddy(field)
    field.setAccessibleName(text.replace("&", ""))
    if beside is None:
        form.addRow(label, field)
        return
    row = QHBoxLayout()
    row.addWidget(field, 1)
    row.addWidget(beside)
    form.addRow(label, row)
