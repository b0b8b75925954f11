"""The one question before code of a folder runs for the first time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QAbstractButton, QApplication, QMessageBox

from gui.conftest import PATIENCE_MS, MakeWindow


def question() -> QMessageBox | None:
    """The box on the screen."""
    boxes = [widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QMessageBox) and widget.isVisible()]
    return boxes[0] if boxes else None


def answer_with(choose: Callable[[QMessageBox], QAbstractButton], said: list[str]) -> None:
    """Click as soon as the question is there."""

    def click() -> None:
        box = question()
        if box is None:
            QTimer.singleShot(10, click)
        else:
            said.append(f"{box.text()} {box.informativeText()}")
            choose(box).click()

    QTimer.singleShot(0, click)


def yes(box: QMessageBox) -> QAbstractButton:
    return next(button for button in box.buttons() if button.text().replace("&", "") == "Run it")


def no(box: QMessageBox) -> QAbstractButton:
    return box.button(QMessageBox.StandardButton.Cancel)


@pytest.fixture
def careful(make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A window that trusts nothing yet."""
    monkeypatch.delenv("TORCHLOUPE_TRUST", raising=False)
    return make_window(trust=False)


def test_that_yes_runs_the_code_and_is_remembered(careful: Any, model_file: Path, qtbot: Any) -> None:
    said: list[str] = []
    answer_with(yes, said)
    careful.opening.open_paths([model_file])
    qtbot.waitUntil(lambda: careful.workbench.model is not None, timeout=PATIENCE_MS)
    assert str(model_file.parent) in said[0]
    careful.opening.close_model()
    careful.opening.open_paths([model_file])
    qtbot.waitUntil(lambda: careful.workbench.model is not None, timeout=PATIENCE_MS)
    assert len(said) == 1


def test_that_no_runs_nothing_and_says_so(careful: Any, model_file: Path, qtbot: Any) -> None:
    said: list[str] = []
    answer_with(no, said)
    careful.opening.open_paths([model_file])
    qtbot.waitUntil(lambda: "not trusted" in careful.status.message.text(), timeout=PATIENCE_MS)
    assert careful.workbench.model is None
    assert careful.sessions == []


def test_that_a_checkpoint_is_never_asked_about(careful: Any, tmp_path: Path, qtbot: Any) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"tensors": [{"key": "a", "shape": [1], "dtype": "float32"}]}', encoding="utf-8")
    careful.opening.open_paths([path])
    qtbot.waitUntil(lambda: careful.workbench.checkpoint is not None, timeout=PATIENCE_MS)
    assert question() is None


def test_that_a_typed_import_path_is_trust(careful: Any, qtbot: Any) -> None:
    careful.opening.open_target("package.module:Net")
    qtbot.waitUntil(lambda: careful.workbench.model is not None, timeout=PATIENCE_MS)
    assert question() is None
