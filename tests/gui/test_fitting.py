"""The checkpoint of a folder that belongs to the open model is found and opened."""

from pathlib import Path
from typing import Any

import torch
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QFileDialog

from gui import panel_data
from gui.conftest import PATIENCE_MS
from gui.panel_data import shown_column
from torchloupe.gui.fitting.dialog import FittingDialog


def fill(folder: Path) -> None:
    """One that fits, one that does not, one that is none."""
    right = {f"module.{key}": torch.zeros(shape) for key, shape, _ in panel_data.PARAMETERS}
    (folder / "runs").mkdir()
    torch.save({"model": right}, folder / "runs" / "right.pt")
    torch.save({"fc.weight": torch.zeros(3, 3)}, folder / "other.pt")
    (folder / "broken.pt").write_text("nothing")


def asked(window: Any, folder: Path, qtbot: Any) -> FittingDialog:
    window.workbench.set_model(panel_data.opened())
    window.actions_by_id.refresh()
    window.actions_by_id["mapping.fitting"].trigger()
    (chooser,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, QFileDialog) and each.isVisible()]
    chooser.fileSelected.emit(str(folder))
    chooser.reject()
    (dialog,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, FittingDialog) and each.isVisible()]
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert isinstance(dialog, FittingDialog)
    return dialog


def test_that_the_best_one_is_first_and_is_opened(window: Any, tmp_path: Path, qtbot: Any) -> None:
    fill(tmp_path)
    dialog = asked(window, tmp_path, qtbot)
    assert shown_column(dialog.table, 0) == ["model of right.pt", "other.pt"]
    assert shown_column(dialog.table, 1) == ["runs", ""]
    assert dialog.said.text() == "model of right.pt belongs to Classifier. 1 file could not be read."
    assert "broken.pt" in dialog.said.toolTip()
    dialog.accept()
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None, timeout=PATIENCE_MS)
    assert Path(window.workbench.checkpoint.path).name == "right.pt"
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_an_empty_folder_says_so_and_opens_nothing(window: Any, tmp_path: Path, qtbot: Any) -> None:
    dialog = asked(window, tmp_path, qtbot)
    assert dialog.said.text() == "None of them belongs to Classifier."
    assert not dialog.buttons.button(QDialogButtonBox.StandardButton.Open).isEnabled()
    dialog.accept()
    assert dialog.isVisible()
    dialog.reject()


def test_that_a_folder_that_is_gone_is_said(window: Any, tmp_path: Path, qtbot: Any) -> None:
    dialog = asked(window, tmp_path / "gone", qtbot)
    assert "cannot be read" in dialog.said.text()
    dialog.reject()
