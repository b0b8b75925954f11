"""The dialog of the options of a run that the tool bar has no field for."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from torchloupe.gui.dialog_buttons import DialogButtons
from torchloupe.gui.running import RunOptions
from torchloupe.gui.theme import em

LONGEST_SECONDS = 100_000.0
LARGEST_SEED = 2**31 - 1


class RunOptionsDialog(QDialog):
    """Starts from ``options``; ``chosen`` gets them as they were changed when the dialog is accepted."""

    def __init__(self, parent: QWidget, options: RunOptions, chosen: Callable[[RunOptions], object]) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Run options"))
        self._options, self._chosen = options, chosen
        self.grad = self._combo([(self.tr("as torch and the model have it"), None), (self.tr("off, as under no_grad"), False)])
        self.grad.setCurrentIndex(0 if options.grad is None else 1)
        dtypes = ("float32", "float64", "bfloat16", "float16")
        self.dtype = self._combo([(self.tr("as constructed"), None), *((name, name) for name in dtypes)])
        self.dtype.setCurrentIndex(max(0, self.dtype.findData(options.dtype)))
        self.autocast = self._combo([(self.tr("off"), None), ("bfloat16", "bfloat16"), ("float16", "float16")])
        self.autocast.setCurrentIndex(max(0, self.autocast.findData(options.autocast)))
        backends = (
            ("inductor", self.tr("inductor, as torch.compile does it")),
            ("aot_eager", self.tr("aot_eager: traced, not fused")),
        )
        self.compile = self._combo([(self.tr("no"), None), *((text, name) for name, text in backends)])
        self.compile.setCurrentIndex(max(0, self.compile.findData(options.compile)))
        self.statistics = QCheckBox(self.tr("mean, spread, zeros, NaN and histogram of every output"))
        self.statistics.setChecked(options.statistics)
        self.seed = QSpinBox(maximum=LARGEST_SEED, value=options.seed)
        self.limit = QDoubleSpinBox(maximum=LONGEST_SECONDS, value=options.time_limit or 0.0, suffix=" s", decimals=1)
        self.limit.setSpecialValueText(self.tr("none"))
        form = QFormLayout()
        form.setVerticalSpacing(em(self, 0.5))
        form.setHorizontalSpacing(em(self, 1))
        for text, tip, field in (
            (self.tr("&Gradients"), self.tr("Without them nothing is kept for the backward pass"), self.grad),
            (self.tr("&Dtype"), self.tr("Run a copy of the model, and its input, converted to this dtype"), self.dtype),
            (self.tr("&Autocast"), self.tr("Run under torch.autocast with this dtype"), self.autocast),
            (
                self.tr("Com&piled"),
                self.tr("Run the blocks of the model as torch.compile makes them, each as one call"),
                self.compile,
            ),
            (self.tr("&Statistics"), self.tr("Without them shapes, dtypes and times are shown"), self.statistics),
            (self.tr("Se&ed"), self.tr("Of the random numbers: the same seed gives the same run"), self.seed),
            (self.tr("Stop &after"), self.tr("A run that takes longer is stopped, and where it was is shown"), self.limit),
        ):
            field.setToolTip(tip)
            field.setAccessibleName(text.replace("&", ""))
            form.addRow(text, field)
        buttons = DialogButtons(
            QDialogButtonBox.StandardButton.Ok
            | QDialogButtonBox.StandardButton.Cancel
            | QDialogButtonBox.StandardButton.RestoreDefaults
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults).clicked.connect(self._restore)
        layout = QVBoxLayout(self)
        layout.setSpacing(em(self, 1))
        layout.addLayout(form)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def _combo(self, items: list[tuple[str, object]]) -> QComboBox:
        combo = QComboBox()
        for text, value in items:
            combo.addItem(text, value)
        return combo

    def _restore(self) -> None:
        usual = RunOptions()
        self.grad.setCurrentIndex(0)
        self.autocast.setCurrentIndex(0)
        self.dtype.setCurrentIndex(0)
        self.compile.setCurrentIndex(0)
        self.statistics.setChecked(usual.statistics)
        self.seed.setValue(usual.seed)
        self.limit.setValue(0.0)

    def accept(self) -> None:
        """The next run is made so."""
        self._chosen(
            replace(
                self._options,
                grad=self.grad.currentData(),
                autocast=self.autocast.currentData(),
                statistics=self.statistics.isChecked(),
                seed=self.seed.value(),
                dtype=self.dtype.currentData(),
                compile=self.compile.currentData(),
                time_limit=self.limit.value() or None,
            )
        )
        super().accept()
