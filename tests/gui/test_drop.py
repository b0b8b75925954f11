"""Files dropped anywhere on the window. Real drags are tested under a real display; here Qt's events are made by hand."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from gui.conftest import PATIENCE_MS
from torchloupe.gui.drop import REASON_MS, read_drag, refusal

KEY_LIST = '{"tensors": [{"key": "fc.weight", "shape": [2, 3], "dtype": "float32"}]}'


def carrying(*paths: Path | str) -> QMimeData:
    """What a file manager hands over."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) if isinstance(path, Path) else QUrl(path) for path in paths])
    return data


def send(window: QWidget, event: QDropEvent) -> bool:
    """Was it accepted? Events are told in words: Python must not look at one whose data are gone."""
    QApplication.sendEvent(window, event)
    return bool(event.isAccepted())


def enter(window: QWidget, data: QMimeData) -> bool:
    return send(window, QDragEnterEvent(QPoint(50, 50), *facts(data)))


def move(window: QWidget, data: QMimeData) -> bool:
    return send(window, QDragMoveEvent(QPoint(60, 60), *facts(data)))


def leave(window: QWidget) -> None:
    QApplication.sendEvent(window, QDragLeaveEvent())


def drop(window: QWidget, data: QMimeData) -> bool:
    enter(window, data)  # Qt hands a drop to what accepted the drag
    return send(window, QDropEvent(QPointF(50, 50), *facts(data)))


def facts(data: QMimeData) -> tuple[Qt.DropAction, QMimeData, Qt.MouseButton, Qt.KeyboardModifier]:
    return Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def window(window: Any) -> Iterator[Any]:
    """No drag is left hanging over a window that is gone."""
    yield window
    leave(window)


@pytest.fixture
def key_list(tmp_path: Path) -> Path:
    """The smallest checkpoint."""
    path = tmp_path / "ключи v2 #1.json"
    path.write_text(KEY_LIST, encoding="utf-8")
    return path


def test_that_a_drag_covers_the_window_and_names_the_file(window: Any, key_list: Path) -> None:
    assert enter(window, carrying(key_list))
    overlay = window.drop_area.overlay
    assert overlay.isVisible()
    assert overlay.text == f"Release to open {key_list.name}"
    assert not overlay.refused
    assert overlay.geometry() == window.rect()


def test_that_a_drag_that_leaves_uncovers_the_window_and_opens_nothing(window: Any, key_list: Path) -> None:
    enter(window, carrying(key_list))
    leave(window)
    assert not window.drop_area.overlay.isVisible()
    assert not window.jobs.runs("checkpoint")


def test_that_moving_on_stays_accepted(window: Any, key_list: Path) -> None:
    data = carrying(key_list)
    enter(window, data)
    assert move(window, data)


def test_that_a_dropped_checkpoint_is_opened(window: Any, key_list: Path, qtbot: Any) -> None:
    assert drop(window, carrying(key_list))
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None, timeout=PATIENCE_MS)
    assert window.workbench.checkpoint.path == str(key_list)
    assert not window.drop_area.overlay.isVisible()


def test_that_a_model_and_a_checkpoint_dropped_together_are_both_opened(
    window: Any, key_list: Path, model_file: Path, qtbot: Any
) -> None:
    drop(window, carrying(key_list, model_file))
    qtbot.waitUntil(lambda: window.workbench.diff is not None, timeout=PATIENCE_MS)


def test_that_a_dropped_model_of_an_unknown_folder_is_asked_about(make_window: Any, model_file: Path, qtbot: Any) -> None:
    window = make_window(trust=False)
    asked: list[Path] = []
    window.trust.ask = lambda folder, answer: answer(bool(asked.append(folder)) or True)
    drop(window, carrying(model_file))
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    assert asked == [model_file.parent]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("cat.png", "a picture"), ("notes.txt", "a text"), ("paper.pdf", "a document"), ("config.yaml", "settings")],
)
def test_that_what_cannot_be_opened_is_refused_with_a_reason_that_stays(
    window: Any, tmp_path: Path, name: str, kind: str, qtbot: Any
) -> None:
    enter(window, carrying(tmp_path / name))
    overlay = window.drop_area.overlay
    assert overlay.refused
    assert overlay.text.startswith(f"{name} is {kind}.")
    drop(window, carrying(tmp_path / name))
    assert overlay.isVisible()
    qtbot.waitUntil(lambda: not overlay.isVisible(), timeout=REASON_MS + PATIENCE_MS)
    assert not window.jobs.busy


def test_that_a_refused_file_does_not_keep_the_others_out(window: Any, key_list: Path, tmp_path: Path, qtbot: Any) -> None:
    drop(window, carrying(tmp_path / "cat.png", key_list))
    assert window.drop_area.overlay.text.startswith("cat.png is a picture")
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None, timeout=PATIENCE_MS)


def test_that_a_file_that_turns_out_unreadable_is_said_on_the_overlay(window: Any, tmp_path: Path, qtbot: Any) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"nonsense")
    drop(window, carrying(path))
    qtbot.waitUntil(lambda: window.drop_area.overlay.isVisible(), timeout=PATIENCE_MS)
    assert window.drop_area.overlay.refused
    assert window.drop_area.overlay.text == window.workbench.problems[0].message


def test_that_text_is_refused_with_a_reason(window: Any) -> None:
    data = QMimeData()
    data.setText("some words")
    enter(window, data)
    assert window.drop_area.overlay.refused
    assert "Only files" in window.drop_area.overlay.text


def test_that_a_place_on_another_machine_is_refused() -> None:
    dropped = read_drag(carrying("https://example.org/model.pt"))
    assert dropped.paths == ()
    assert "not a file on this machine" in dropped.reason


def test_that_a_file_dropped_twice_is_opened_once(key_list: Path) -> None:
    assert read_drag(carrying(key_list, key_list)).paths == (key_list,)


def test_that_many_files_are_named_shortly(tmp_path: Path) -> None:
    dropped = read_drag(carrying(*(tmp_path / f"{number}.pt" for number in range(5))))
    assert dropped.text == "Release to open 0.pt, 1.pt, 2.pt and 2 more"


def test_that_a_folder_is_left_to_the_readers_and_a_notebook_has_a_reason_of_its_own(tmp_path: Path) -> None:
    assert refusal(tmp_path) == ""
    assert "notebook" in refusal(tmp_path / "train.ipynb")


@pytest.mark.parametrize("name", ["m.pt", "m.pth", "m.ckpt", "m.safetensors", "m.bin", "m.py", "m.json", "m", "epoch=3.tar"])
def test_that_whatever_may_be_a_checkpoint_is_let_in(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path / name) == ""


def test_that_fields_leave_files_to_the_window(full_window: Any) -> None:
    full_window.docks.focus_panel("problems")
    fields = [field for field in full_window.findChildren(QLineEdit) if field.isVisible()]
    assert fields
    assert [field for field in fields if field.acceptDrops()] == []


def test_that_a_dock_that_floats_takes_files_too(full_window: Any, key_list: Path, qtbot: Any) -> None:
    dock = full_window.docks.docks["details"]
    dock.setFloating(True)
    drop(dock, carrying(key_list))
    qtbot.waitUntil(lambda: full_window.workbench.checkpoint.path == str(key_list), timeout=PATIENCE_MS)


@pytest.mark.parametrize("theme_name", ["light", "dark"])
def test_that_the_overlay_can_be_painted(window: Any, theme_name: str, key_list: Path) -> None:
    window.set_theme(theme_name)
    before = window.grab().toImage()
    enter(window, carrying(key_list))
    assert window.grab().toImage() != before


def test_that_the_overlay_grows_with_the_window(window: Any, key_list: Path) -> None:
    enter(window, carrying(key_list))
    window.resize(1100, 700)
    assert window.drop_area.overlay.geometry() == window.rect()
