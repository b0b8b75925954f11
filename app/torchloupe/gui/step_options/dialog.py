"""The dialog of how a training step is made."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from torchloupe.analysis.input_specs import parse_input_spec
from torchloupe.analysis.step.choices import AUTOCAST, LOSS_TITLES, WITH_TARGET, typed_arguments
from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.stepping import StepOptions
from torchloupe.gui.theme import em
from torchloupe.wire.errors import TorchloupeError
from torchloupe.wire.optimizers import OptimizerClass

USUAL = ("SGD", "Adam", "AdamW", "RMSprop")
"""Shown before the worker has said which there are."""
MOST_STEPS = 1000


class StepOptionsDialog(QDialog):
    """Starts from ``options``; ``chosen`` gets them as they were changed when the dialog is accepted."""

    def __init__(self, parent: QWidget, options: StepOptions, chosen: Callable[[StepOptions], object]) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Training step"))
        self._options, self._chosen = options, chosen
        self._typed: dict[str, str] = {name: repr(value) for name, value in options.optimizer_arguments.items()}
        self._classes: dict[str, OptimizerClass] = {}
        self.fields: dict[str, QLineEdit] = {}
        from_file = self.tr("as the file has it")
        self.loss = self._combo([(from_file, None), *((title, name) for name, title in LOSS_TITLES.items())], options.loss)
        self.target = QLineEdit(options.target or "")
        self.target.setPlaceholderText(self.tr("random numbers that fit; or int64[8]<10; or a file"))
        self.target.setMinimumWidth(em(self, 22))
        self.browse = QPushButton(self.tr("&File…"))
        self.optimizer = self._combo([(from_file, None), *((name, name) for name in USUAL)], options.optimizer)
        self.steps = QSpinBox(minimum=1, maximum=MOST_STEPS, value=options.steps)
        self.accumulate = QSpinBox(minimum=1, maximum=MOST_STEPS, value=options.accumulate)
        self.autocast = self._combo([(self.tr("off"), None), *((name, name) for name in AUTOCAST)], options.autocast)
        self.keep = QCheckBox(self.tr("the model keeps what the step did"))
        self.keep.setChecked(options.keep)
        self.wrong = QLabel(wordWrap=True)
        self.wrong.setTextFormat(Qt.TextFormat.PlainText)
        self.arguments = QGroupBox(self.tr("Arguments of the optimizer"))
        self._form = QFormLayout()
        self._build()
        for signal in (self.loss.currentIndexChanged, self.target.textChanged):
            signal.connect(self._look)
        self.optimizer.currentIndexChanged.connect(self._show_arguments)
        self.browse.clicked.connect(self._choose_file)
        self._show_arguments()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def _build(self) -> None:
        target = QHBoxLayout()
        target.addWidget(self.target, 1)
        target.addWidget(self.browse)
        form = QFormLayout()
        form.setVerticalSpacing(em(self, 0.5))
        form.setHorizontalSpacing(em(self, 1))
        rows: tuple[tuple[str, str, QWidget, Any], ...] = (
            (self.tr("&Loss"), self.tr("Else the loss_fn or train_step of the file, else the mean square"), self.loss, self.loss),
            (self.tr("&Target"), self.tr("What the loss compares the output with"), self.target, target),
            (
                self.tr("&Optimizer"),
                self.tr("Else the make_optimizer of the file, else plain descent"),
                self.optimizer,
                self.optimizer,
            ),
            (self.tr("&Steps"), self.tr("On the same batch, one after the other"), self.steps, self.steps),
            (self.tr("&Accumulate"), self.tr("Backward passes before each step"), self.accumulate, self.accumulate),
            (
                self.tr("A&utocast"),
                self.tr("Forward and loss under torch.autocast with this dtype"),
                self.autocast,
                self.autocast,
            ),
            (self.tr("&Keep"), self.tr("Else everything is put back, bit for bit"), self.keep, self.keep),
        )
        for text, tip, field, shown in rows:
            field.setToolTip(tip)
            field.setAccessibleName(text.replace("&", ""))
            form.addRow(text, shown)
            label = form.labelForField(shown)
            if isinstance(label, QLabel):
                label.setBuddy(field)
        inside = QWidget()
        inside.setLayout(self._form)
        self._form.setVerticalSpacing(em(self, 0.3))
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(inside)
        scroll.setMinimumHeight(em(self, 11))
        box = QVBoxLayout(self.arguments)
        box.addWidget(scroll)
        kinds = QDialogButtonBox.StandardButton
        self.buttons = DialogButtons(kinds.Ok | kinds.Cancel | kinds.RestoreDefaults)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.buttons.button(kinds.RestoreDefaults).clicked.connect(self._restore)
        layout = QVBoxLayout(self)
        layout.setSpacing(em(self, 0.8))
        layout.addLayout(form)
        layout.addWidget(self.arguments, 1)
        layout.addWidget(self.wrong)
        layout.addWidget(self.buttons)

    def _combo(self, items: list[tuple[str, str | None]], chosen: str | None) -> QComboBox:
        combo = QComboBox()
        for text, value in items:
            combo.addItem(text, value)
        if chosen is not None and combo.findData(chosen) < 0:
            combo.addItem(chosen, chosen)
        combo.setCurrentIndex(max(0, combo.findData(chosen)))
        return combo

    def show_classes(self, classes: tuple[OptimizerClass, ...]) -> None:
        """The optimizers that the user's torch has."""
        self._classes = {each.name: each for each in classes}
        for name in self._classes:
            if self.optimizer.findData(name) < 0:
                self.optimizer.addItem(name, name)
        self._show_arguments()

    def _show_arguments(self) -> None:
        """A field for each keyword of the optimizer that is chosen."""
        self._remember()
        while self._form.rowCount():
            self._form.removeRow(0)
        self.fields = {}
        known = self._classes.get(str(self.optimizer.currentData()))
        for argument in known.arguments if known is not None else ():
            field = QLineEdit(self._typed.get(argument.name, ""))
            field.setPlaceholderText(argument.default)
            field.setAccessibleName(argument.name)
            field.textChanged.connect(self._look)
            self.fields[argument.name] = field
            self._form.addRow(argument.name, field)
        self.arguments.setVisible(bool(self.fields))
        self._look()

    def _remember(self) -> None:
        self._typed.update({name: field.text() for name, field in self.fields.items()})

    def _look(self) -> None:
        """What is wrong with what was typed, if anything is."""
        takes_target = self.loss.currentData() in WITH_TARGET
        self.target.setEnabled(takes_target)
        self.browse.setEnabled(takes_target)
        text = ""
        try:
            self._read()
        except TorchloupeError as error:
            text = str(error)
        self.wrong.setText(text)
        self.wrong.setVisible(bool(text))
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not text)

    def _read(self) -> StepOptions:
        """The options as they stand. Raises ``UsageError``."""
        loss, target = self.loss.currentData(), self.target.text().strip()
        if loss in WITH_TARGET and target:
            parse_input_spec(target)
        optimizer = self.optimizer.currentData()
        arguments = typed_arguments({name: field.text() for name, field in self.fields.items()})
        if optimizer is not None and optimizer == self._options.optimizer and optimizer not in self._classes:
            arguments = self._options.optimizer_arguments  # its fields have not come yet
        return StepOptions(
            loss,
            target if loss in WITH_TARGET and target else None,
            optimizer,
            arguments,
            self.steps.value(),
            self.accumulate.value(),
            self.autocast.currentData(),
            self.keep.isChecked(),
        )

    def _choose_file(self) -> None:
        chooser = QFileDialog(self, self.tr("Target values"), "", self.tr("Tensors (*.pt *.pth *.npy)"))
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.fileSelected.connect(self.target.setText)
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.open()

    def _restore(self) -> None:
        self.target.clear()
        for combo in (self.loss, self.optimizer, self.autocast):
            combo.setCurrentIndex(0)
        for spin in (self.steps, self.accumulate):
            spin.setValue(1)
        self.keep.setChecked(False)

    def accept(self) -> None:
        """The next step is made so."""
        self._chosen(self._read())
        super().accept()
