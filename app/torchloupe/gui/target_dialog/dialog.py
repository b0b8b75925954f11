"""The dialog that points at a model: where it is defined, which class or factory, with which arguments, where it runs."""

import json
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from torchloupe.analysis.target_source import split_target
from torchloupe.gui.opening import Asked, Opening
from torchloupe.gui.run_bar import RunBar
from torchloupe.gui.target_dialog.model import Typed, arguments_of, choice_text, named, skeleton, trouble
from torchloupe.gui.targets import ReadTargetFile
from torchloupe.gui.theme import color, em, fixed_font
from torchloupe.wire.requests import Failed, ListTargets, TargetChoices


class TargetDialog(QDialog):
    """Asks until it can be opened, then hands over to ``opening``. The sample input and the device are those of the run bar."""

    interpreter_clicked = Signal()

    def __init__(self, parent: QWidget, opening: Opening, run_bar: RunBar, asked: Asked | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Open model"))
        self._opening, self._run_bar = opening, run_bar
        self.choices: TargetChoices | None = None
        self._looked_at = ""
        self.place = QLineEdit(placeholderText=self.tr("model.py, or package.module:Class"))
        self.name = QComboBox(editable=True)
        self.arguments = QPlainTextEdit(
            tabChangesFocus=True, placeholderText=self.tr('constructor keywords as JSON: {"width": 64}')
        )
        self.arguments.setFont(fixed_font())
        self.arguments.setFixedHeight(em(self, 5))
        self.input = QLineEdit(run_bar.input.text(), placeholderText=run_bar.input.placeholderText())
        self.device = QComboBox()
        for number in range(run_bar.device.count()):
            self.device.addItem(run_bar.device.itemText(number), run_bar.device.itemData(number))
        self.device.setCurrentIndex(run_bar.device.currentIndex())
        self.says = QLabel(wordWrap=True)
        self.says.setMinimumHeight(em(self, 2.6))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Open).setText(self.tr("&Open"))
        self._lay_out()
        self._connect()
        if asked is not None:
            self._fill_in(asked)
        self._judge()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        fields = (
            (self.tr("&Defined in"), self.place),
            (self.tr("Class or &factory"), self.name),
            (self.tr("&Arguments"), self.arguments),
            (self.tr("Sample &input"), self.input),
            (self.tr("De&vice"), self.device),
        )
        for text, field in fields:
            label = QLabel(text)
            label.setBuddy(field)
            field.setAccessibleName(text.replace("&", ""))
            form.addRow(label, self._with_browse(field) if field is self.place else field)
        self.interpreter = QPushButton(self._opening.worker.interpreter)
        self.interpreter.setToolTip(self.tr("The Python that runs the model; click to choose another one"))
        self.interpreter.setAccessibleName(self.tr("Interpreter"))
        form.addRow(self.tr("Interpreter"), self.interpreter)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.says)
        layout.addWidget(self.buttons)
        self.resize(em(self, 42), self.sizeHint().height())

    def _fill_in(self, asked: Asked) -> None:
        place, name = split_target(asked.request.target)
        self.place.setText(place)
        if asked.choices:
            self._looked_at = place
            self._show_choices(asked.choices)
        else:
            self._look()
        if name:
            self.name.setEditText(name)
        if asked.request.arguments:
            self.arguments.setPlainText(json.dumps(asked.request.arguments))

    def _with_browse(self, field: QWidget) -> QHBoxLayout:
        browse = QPushButton(self.tr("&Browse …"))
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(field, 1)
        row.addWidget(browse)
        return row

    def _connect(self) -> None:
        self.buttons.accepted.connect(self._open)
        self.buttons.rejected.connect(self.reject)
        self.place.editingFinished.connect(self._look)
        self.place.textChanged.connect(self._judge)
        self.name.currentTextChanged.connect(self._name_changed)
        self.arguments.textChanged.connect(self._judge)
        self.interpreter.clicked.connect(self.interpreter_clicked)
        self._opening.worker.restarted.connect(lambda: self.interpreter.setText(self._opening.worker.interpreter))

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
        if not place or name or place == self._looked_at:
            return
        path = Path(place).expanduser()
        if place.endswith(".py"):
            if not path.is_file():
                return
            work: object = ReadTargetFile(path.absolute())
        else:
            work = ListTargets(place)
        self._looked_at = place
        self._opening.jobs.start(
            work,
            done=self._show_choices,
            failed=self._say_failed,
            tag="target dialog",
            owner=self,
            label=self.tr("looking into {0}").format(place),
        )

    def _show_choices(self, choices: TargetChoices) -> None:
        wanted, self.choices = self.name.currentText().strip(), choices
        self.name.clear()
        for choice in choices.choices:
            self.name.addItem(choice.name, choice)
            self.name.setItemData(self.name.count() - 1, choice_text(choice), 3)
        if wanted or choices.default:
            self.name.setCurrentText(wanted or choices.default or "")
        self._judge()

    def _say_failed(self, failed: Failed) -> None:
        if failed.problems:
            problem = failed.problems[0]
            self._say(f"{problem.message} {problem.hint}")

    def _name_changed(self, name: str) -> None:
        filled = skeleton(named(self.choices, name))
        if filled or self.arguments.toPlainText().rstrip("} ").endswith(":"):
            self.arguments.setPlainText(filled)
        self._judge()

    @property
    def typed(self) -> Typed:
        """What the fields hold now."""
        return Typed(self.place.text(), self.name.currentText().strip(), self.arguments.toPlainText())

    def _judge(self) -> None:
        sentence = trouble(self.typed, named(self.choices, self.typed.name))
        self._say(sentence)
        self.buttons.button(QDialogButtonBox.StandardButton.Open).setEnabled(not sentence)

    def _say(self, sentence: str) -> None:
        palette = self.palette()
        palette.setColor(palette.ColorRole.WindowText, color("error" if self.place.text() else "muted"))
        self.says.setPalette(palette)
        self.says.setText(sentence)

    def _open(self) -> None:
        typed = self.typed
        place, name = split_target(typed.place.strip())
        name = typed.name or name or ""
        self._run_bar.input.setText(self.input.text())
        self._run_bar.device.setCurrentIndex(self.device.currentIndex())
        self.accept()
        self._opening.open_target(f"{place}:{name}" if name else place, arguments=arguments_of(typed.arguments))
