"""The fields of the next run: sample input, device and mode, with the button that starts it."""

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QWidget

from torchloupe.analysis.input_specs import parse_input_spec, split_specs
from torchloupe.gui.opening import Opening
from torchloupe.gui.theme import color, em
from torchloupe.wire.errors import UsageError

WITHOUT_DATA = "meta"
"""The device of tensors that have shapes and no data: a model of any size can be looked at on it."""


class RunBar(QWidget):
    """Keeps ``opening.options`` in step with its fields. A spec that cannot be understood is said while it is typed."""

    said = Signal(str)

    def __init__(self, opening: Opening) -> None:
        super().__init__()
        self._opening = opening
        self.input = QLineEdit(clearButtonEnabled=True)
        self.input.setAccessibleName(self.tr("Sample input"))
        self.input.setToolTip(
            self.tr("Input specs in positional order, such as float32[2,3,28,28] or int64[2,16]<1000, a file, or name=SPEC")
        )
        self.device = self._combo(self.tr("Device"), [(self.tr("as constructed"), None)])
        self.mode = self._combo(self.tr("Mode"), [(self.tr("as constructed"), None), ("train", "train"), ("eval", "eval")])
        layout = QHBoxLayout(self)
        layout.setContentsMargins(em(self, 0.3), 0, em(self, 0.3), 0)
        for text, field in ((self.tr("&Input"), self.input), (self.tr("De&vice"), self.device), (self.tr("M&ode"), self.mode)):
            label = QLabel(text)
            label.setBuddy(field)
            layout.addWidget(label)
            layout.addWidget(field, 1 if field is self.input else 0)
        self.unusual = QLabel()
        self.unusual.hide()
        layout.addWidget(self.unusual)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.input.textChanged.connect(self._changed)
        self.input.returnPressed.connect(self._run)
        self.input.editingFinished.connect(self._keep_step)
        self._last_input = ""
        for combo in (self.device, self.mode):
            combo.currentIndexChanged.connect(self._changed)
        opening.worker.changed.connect(lambda _state: self._show_devices())
        opening.workbench.model_changed.connect(self._show_model)
        opening.workbench.trace_changed.connect(self._show_worked_out)
        self._show_model()

    def _combo(self, name: str, items: list[tuple[str, str | None]]) -> QComboBox:
        combo = QComboBox()
        combo.setAccessibleName(name)
        for text, value in items:
            combo.addItem(text, value)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        return combo

    @property
    def trouble(self) -> str:
        """Why the input field cannot be understood; empty when it can."""
        for spec in split_specs(self.input.text()):
            try:
                parse_input_spec(spec)
            except UsageError as error:
                return f"{error} {error.hint}".strip()
        return ""

    def _run(self) -> None:
        if not self.trouble and self._opening.can_run:
            self._opening.run_forward()

    def _changed(self) -> None:
        trouble = self.trouble
        palette = self.palette()
        if trouble:
            palette.setColor(palette.ColorRole.Text, color("error"))
        self.input.setPalette(palette)
        self.input.setAccessibleDescription(trouble)
        self.said.emit(trouble)
        specs = () if trouble else split_specs(self.input.text())
        self._opening.options = replace(
            self._opening.options, inputs=specs, device=self.device.currentData(), mode=self.mode.currentData()
        )
        self.show_unusual()

    def _keep_step(self) -> None:
        """What was typed is a step of its own once the field is left."""
        before, now = self._last_input, self.input.text()
        if now != before:
            self._last_input = now
            words = self.tr("input {0}").format(now or self.tr("as worked out"))
            self._opening.workbench.undoing.do(
                "input", words, partial(self.show_input, now), partial(self.show_input, before), done=True
            )

    def show_input(self, text: str) -> None:
        """These specs are there, as if they had always been."""
        self._last_input = text
        self.input.setText(text)

    def show_unusual(self) -> None:
        """What was chosen in the dialog of the run options."""
        unusual = self._opening.options.unusual
        self.unusual.setText(unusual)
        self.unusual.setVisible(bool(unusual))
        self.unusual.setToolTip(self.tr("Chosen in Run, Options: {0}").format(unusual))

    def _show_devices(self) -> None:
        hello = self._opening.worker.hello
        devices = [*hello.devices, WITHOUT_DATA] if hello and hello.devices else []
        known = [self.device.itemData(number) for number in range(1, self.device.count())]
        if devices and devices != known:
            chosen = self.device.currentData()
            self.device.clear()
            names = {WITHOUT_DATA: self.tr("meta, shapes only")}
            for text, value in [(self.tr("as constructed"), None), *((names.get(name, name), name) for name in devices)]:
                self.device.addItem(text, value)
            self.device.setCurrentIndex(max(0, self.device.findData(chosen)))

    def _show_worked_out(self) -> None:
        report = self._opening.workbench.report
        if report is not None and report.input_source == "worked_out" and report.input_specs:
            specs = " ".join(report.input_specs)
            self.input.setPlaceholderText(self.tr("worked out: {0}; or type specs").format(specs))

    def _show_model(self) -> None:
        model = self._opening.workbench.model
        self.setEnabled(model is not None)
        if model is None:
            self.input.setPlaceholderText(self.tr("open a model first"))
        elif "example_inputs" in model.provides:
            self.input.setPlaceholderText(self.tr("example_inputs() of the file; or type specs: float32[1,3,224,224]"))
        else:
            self.input.setPlaceholderText(self.tr("worked out from the model; or type specs: float32[1,3,224,224]"))
