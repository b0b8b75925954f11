"""A window comes back as it was, and does what a command line wishes; code is only run where it was trusted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QFileDialog

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui.last_session import WindowState
from torchloupe.gui.restoring import Restoring
from torchloupe.gui.settings import Settings
from torchloupe.gui.wish import Wish
from torchloupe.wire.requests import Failed, OpenTarget

KEYS = (
    '{"tensors": [{"key": "head.fc1.weight", "shape": [2, 3], "dtype": "float32"}, {"key": "b", "shape": [4], "dtype": "int64"}]}'
)


def restoring(window: Any) -> Restoring:
    return window.findChildren(Restoring)[0]  # type: ignore[no-any-return]


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(KEYS, encoding="utf-8")
    return path


def settled(window: Any, qtbot: Any) -> None:
    qtbot.waitUntil(
        lambda: not window.jobs.busy and not restoring(window)._waits and not restoring(window)._then, timeout=PATIENCE_MS
    )
    qtbot.wait(1)


@pytest.fixture
def left(make_window: MakeWindow, model_file: Path, keys_file: Path, qtbot: Any) -> WindowState:
    """The state of a window in which a person did something."""
    window: Any = make_window()
    window.open_paths([model_file, keys_file])
    qtbot.waitUntil(lambda: window.workbench.model is not None and window.workbench.checkpoint is not None, timeout=PATIENCE_MS)
    settled(window, qtbot)
    window.run_bar.input.setText("float32[1,3,8,8]")
    window.run_bar.mode.setCurrentIndex(window.run_bar.mode.findData("eval"))
    window.opening.options = replace(window.opening.options, seed=7)
    window.docks.panels["modules"].inside().tree.filter.setText("fc1")
    window.workbench.select_parameter("head.fc1.weight")
    window.docks.raise_panel("tensor")
    return restoring(window).state()


def test_that_everything_comes_back(left: WindowState, make_window: MakeWindow, model_file: Path, qtbot: Any) -> None:
    window: Any = make_window()
    restoring(window).restore(left)
    assert restoring(window).state() == left  # also before all of it is there
    qtbot.waitUntil(lambda: window.workbench.selection.parameter == "head.fc1.weight", timeout=PATIENCE_MS)
    settled(window, qtbot)
    assert window.workbench.checkpoint.path == left.checkpoint
    assert window.opening.target.target == f"{model_file}:Classifier"
    assert window.run_bar.input.text() == "float32[1,3,8,8]"
    options = window.opening.options
    assert (options.inputs, options.mode, options.seed) == (("float32[1,3,8,8]",), "eval", 7)
    assert window.docks.panels["modules"].inside().tree.filter.text() == "fc1"
    assert window.docks.tabs.currentWidget().place.id == "tensor"
    assert replace(restoring(window).state(), geometry="", docks="") == replace(left, geometry="", docks="")


def test_that_a_filter_of_a_panel_that_was_not_shown_yet_comes_back(make_window: MakeWindow, keys_file: Path, qtbot: Any) -> None:
    window: Any = make_window()
    assert not window.docks.panels["log"].is_built
    restoring(window).restore(WindowState(checkpoint=str(keys_file), filters={"log 0": "worker"}))
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None, timeout=PATIENCE_MS)
    settled(window, qtbot)
    assert window.docks.panels["log"].inside().table.filter.text() == "worker"


def test_that_what_came_back_is_no_step_to_undo(left: WindowState, make_window: MakeWindow, qtbot: Any) -> None:
    window: Any = make_window()
    restoring(window).restore(left)
    settled(window, qtbot)
    window.run_bar.input.editingFinished.emit()
    assert window.workbench.undoing.undoText() == ""


def test_that_code_that_is_not_trusted_is_not_run_but_offered(left: WindowState, make_window: MakeWindow, qtbot: Any) -> None:
    window: Any = make_window(trust=False)
    answers: list[Path] = []
    window.trust.ask = lambda folder, answer: (answers.append(folder), answer(True))
    restoring(window).restore(left)
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None, timeout=PATIENCE_MS)
    settled(window, qtbot)
    assert window.workbench.model is None
    assert not any(isinstance(message, OpenTarget) for session in window.sessions for message in session.asked)
    bar = restoring(window).bar
    assert bar is not None
    assert "model.py was open the last time" in bar.label.text()
    assert answers == []
    assert restoring(window).state().target == left.target  # offered again the next time
    bar.button.click()
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    assert len(answers) == 1


def test_that_a_folder_that_was_trusted_is_trusted_still(
    left: WindowState, make_window: MakeWindow, tmp_path: Path, qtbot: Any
) -> None:
    settings = Settings(None)
    settings.set_texts("trusted_folders", [str(tmp_path)])
    window: Any = make_window(trust=False, settings=settings)
    restoring(window).restore(left)
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)


def test_that_a_target_by_its_import_path_is_asked_about(left: WindowState, make_window: MakeWindow, qtbot: Any) -> None:
    window: Any = make_window(trust=False)
    state = replace(left, checkpoint="", target={**(left.target or {}), "target": "package.module:Net"})
    restoring(window).restore(state)
    settled(window, qtbot)
    assert window.workbench.model is None
    assert restoring(window).bar is not None


def test_that_a_file_that_is_gone_is_said_and_the_rest_comes_back(
    left: WindowState, make_window: MakeWindow, keys_file: Path, qtbot: Any
) -> None:
    keys_file.unlink()
    window: Any = make_window()
    restoring(window).restore(left)
    qtbot.waitUntil(lambda: window.workbench.model is not None and bool(window.workbench.problems), timeout=PATIENCE_MS)
    settled(window, qtbot)
    assert any("keys.json" in problem.message for problem in window.workbench.problems)
    assert window.run_bar.input.text() == "float32[1,3,8,8]"


def test_that_a_model_that_can_no_longer_be_constructed_costs_only_the_model(
    left: WindowState, make_window: MakeWindow, qtbot: Any
) -> None:
    window: Any = make_window({OpenTarget: [Failed((panel_data.MISMATCH,))]})
    restoring(window).restore(left)
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None and bool(window.workbench.problems), timeout=PATIENCE_MS)
    settled(window, qtbot)
    assert window.workbench.model is None


def test_that_nonsense_in_a_state_costs_only_itself(make_window: MakeWindow, keys_file: Path, qtbot: Any) -> None:
    window: Any = make_window()
    state = WindowState(
        checkpoint=str(keys_file),
        target={"target": 7, "colour": "red"},
        options={"inputs": 3, "no": 1},
        filters={"nowhere 0": "x", "modules": "y", "modules 99": "z"},
        selection=("planet", "mars"),
        front="nowhere",
        geometry="not base64 é",
        docks="AAAA",
    )
    restoring(window).restore(state)
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None, timeout=PATIENCE_MS)
    settled(window, qtbot)
    assert window.opening.options.seed == 0


def test_that_a_place_on_a_screen_that_is_gone_is_given_up(make_window: MakeWindow, qtbot: Any) -> None:
    window: Any = make_window()
    window.setGeometry(9000, 9000, 700, 500)
    far = bytes(QByteArray(window.saveGeometry()).toBase64().data()).decode()
    other: Any = make_window()
    restoring(other).restore(WindowState(geometry=far))
    assert other.screen().availableGeometry().intersects(other.frameGeometry())


def test_that_a_wish_opens_files_and_goes_to_a_tensor_and_a_part_of_it(window: Any, keys_file: Path, qtbot: Any) -> None:
    restoring(window).fulfil(Wish((str(keys_file),), goto="head.fc1.weight", index="1, :"))
    qtbot.waitUntil(lambda: window.workbench.selection.stored is not None, timeout=PATIENCE_MS)
    settled(window, qtbot)
    assert window.workbench.selection.stored.key == "head.fc1.weight"
    assert window.docks.tabs.currentWidget().place.id == "tensor"
    panel = window.docks.panels["tensor"].inside()
    qtbot.waitUntil(
        lambda: panel.views.current is not None and panel.views.current.slice.field.text() == "1, :", timeout=PATIENCE_MS
    )
    settled(window, qtbot)
    assert panel.views.current.slice.field.text() == "1, :"


def test_that_a_wish_goes_to_a_module_of_what_is_open(full_window: Any, qtbot: Any) -> None:
    restoring(full_window).fulfil(Wish(goto="head.fc1"))
    qtbot.waitUntil(lambda: full_window.workbench.selection.module == "head.fc1", timeout=PATIENCE_MS)
    restoring(full_window).fulfil(Wish(goto="no.such"))
    qtbot.waitUntil(lambda: "no.such" in full_window.status.message.text(), timeout=PATIENCE_MS)


def test_that_a_wish_puts_one_file_beside_the_open_one(window: Any, keys_file: Path, tmp_path: Path, qtbot: Any) -> None:
    (tmp_path / "other.json").write_text(KEYS, encoding="utf-8")
    restoring(window).fulfil(Wish((str(keys_file),)))
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None, timeout=PATIENCE_MS)
    restoring(window).fulfil(Wish((str(tmp_path / "other.json"),), compare=True))
    qtbot.waitUntil(lambda: window.workbench.other is not None, timeout=PATIENCE_MS)
    assert window.workbench.checkpoint.path == str(keys_file)
    settled(window, qtbot)


def test_that_who_wishes_to_compare_without_files_is_asked_for_them(window: Any, keys_file: Path, qtbot: Any) -> None:
    restoring(window).fulfil(Wish(compare=True))
    (chooser,) = [each for each in window.findChildren(QFileDialog) if each.isVisible()]
    assert chooser.fileMode() == QFileDialog.FileMode.ExistingFiles
    assert "two checkpoints" in window.status.message.text()
    chooser.reject()
    restoring(window).fulfil(Wish((str(keys_file),)))
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None, timeout=PATIENCE_MS)
    restoring(window).fulfil(Wish(compare=True))
    (chooser,) = [each for each in window.findChildren(QFileDialog) if each.isVisible()]
    assert chooser.windowTitle() == "Compare with checkpoint"
    chooser.reject()
    settled(window, qtbot)


def test_that_a_window_is_empty_until_something_is_opened(window: Any, keys_file: Path, qtbot: Any) -> None:
    assert restoring(window).is_empty
    restoring(window).fulfil(Wish((str(keys_file),)))
    assert not restoring(window).is_empty
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None, timeout=PATIENCE_MS)
    settled(window, qtbot)


def test_that_a_sentence_stands_above_the_views_until_it_is_closed(window: Any, qtbot: Any) -> None:
    done: list[str] = []
    restoring(window).say("Something.", "One", lambda: done.append("one"), ("Two", lambda: done.append("two")))
    bar = restoring(window).bar
    assert bar is not None
    assert bar.isVisible()
    window.worker.changed.emit("ready")
    assert bar.isVisible()
    bar._more.itemAt(0).widget().click()
    assert bar.isVisible()
    bar.button.click()
    assert not bar.isVisible()
    assert done == ["two", "one"]
