"""Which values the open model has: those that it was constructed with, or a checkpoint's; and with which the last run was made."""

from PySide6.QtCore import QObject, Signal

from torchloupe.wire.loading import LoadedCheckpoint
from torchloupe.wire.traces import ForwardReport

WITHOUT_DATA = "meta"


class Weights(QObject):
    """Told by the workbench what happens: another model has what it was constructed with, a run is made with what is there."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.loaded: LoadedCheckpoint | None = None
        self._in_run: LoadedCheckpoint | None = None

    def set_loaded(self, loaded: LoadedCheckpoint | None) -> None:
        """The model has these values now; None: those that it was constructed with."""
        if loaded is not self.loaded:
            self.loaded = loaded
            self.changed.emit()

    def note_run(self) -> None:
        """A run is made with what the model has now."""
        self._in_run = self.loaded

    def text_of_run(self, report: ForwardReport, has_checkpoint: bool) -> str:
        """What the run that is shown was made with; empty where that is no question: without data, without a checkpoint."""
        if report.device == WITHOUT_DATA or (self._in_run is None and not has_checkpoint):
            return ""
        from torchloupe.analysis.loading_wording import weights_text  # after the first picture

        return weights_text(self._in_run)
