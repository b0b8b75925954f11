"""A second checkpoint beside the open one: opened, dropped with Shift, exchanged, closed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from gui import panel_data
from gui.checkpoint_files import pair_of, read_epochs, save_epochs
from gui.conftest import PATIENCE_MS
from torchloupe.gui.comparing import PairKeys
from torchloupe.gui.drop import Dropped
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.contents import CheckpointContents, StoredTensor

SHIFT, NONE = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.NoModifier
COPY, MOVE, LINK = Qt.DropAction.CopyAction, Qt.DropAction.MoveAction, Qt.DropAction.LinkAction
NOTHING = Qt.DropAction.IgnoreAction


@pytest.fixture
def window(window: Any) -> Iterator[Any]:
    """No drag is left hanging over a window that is gone."""
    yield window
    QApplication.sendEvent(window, QDragLeaveEvent())


@pytest.fixture
def epochs(tmp_path: Path) -> tuple[Path, Path]:
    return save_epochs(tmp_path)


@pytest.fixture
def side_by_side(window: Any, qtbot: Any, epochs: tuple[Path, Path]) -> Any:
    """A window with two checkpoints, keys and values compared."""
    window.open_paths(list(epochs))
    wait_for_other(window, qtbot)
    panel = window.docks.panels["checkpoint_pair"].inside()
    qtbot.waitUntil(lambda: "tensors moved" in panel.state.text(), timeout=PATIENCE_MS)
    return window


def wait_for_other(window: Any, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: window.workbench.other is not None, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def open_first(window: Any, qtbot: Any, path: Path) -> None:
    window.open_paths([path])
    qtbot.waitUntil(lambda: window.workbench.checkpoint is not None, timeout=PATIENCE_MS)


def names(window: Any) -> tuple[str, str]:
    bench = window.workbench
    return tuple(Path(each.path).name if each else "" for each in (bench.checkpoint, bench.other))  # type: ignore[return-value]


def tab_is_shown(window: Any) -> bool:
    docks = window.docks
    return bool(docks.tabs.isTabVisible(docks.tabs.indexOf(docks.panels["checkpoint_pair"])))


def carrying(*paths: Path) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def drag_over(window: Any, data: QMimeData, keys: Qt.KeyboardModifier, actions: Qt.DropAction = COPY) -> str:
    """Enter with these keys held; what the overlay says."""
    event = QDragEnterEvent(QPoint(50, 50), actions, data, Qt.MouseButton.LeftButton, keys)
    QApplication.sendEvent(window, event)
    return str(window.drop_area.overlay.text)


def drop(window: Any, data: QMimeData, keys: Qt.KeyboardModifier, actions: Qt.DropAction = COPY) -> Qt.DropAction:
    """Drop with these keys held; the action that the source is told."""
    drag_over(window, data, keys, actions)
    event = QDropEvent(QPointF(50, 50), actions, data, Qt.MouseButton.LeftButton, keys)
    QApplication.sendEvent(window, event)
    return event.dropAction()


# the workbench


def large(path: str, count: int = 8_001) -> CheckpointContents:
    tensors = tuple(StoredTensor(f"layer{number}.weight", (2, 2), "float32", 16) for number in range(count))
    return CheckpointContents(path, "torch zip", 1, 1, tensors)


def test_that_two_checkpoints_are_a_pair_of_their_chosen_mappings(qapp: object, tmp_path: Path) -> None:
    bench = Workbench()
    first, second = read_epochs(tmp_path)
    bench.set_other(second)
    assert bench.pair is None
    bench.set_checkpoint(first)
    assert bench.pair is not None
    assert (bench.pair.expected, bench.pair.found) == (first, second)
    assert (bench.pair.container, bench.pair.found_container) == ("model", "model")
    assert [one.key for one, _ in bench.pair.pairs] == ["far.weight", "near.weight", "same.weight", "bad.weight", "bias"]


def test_that_another_mapping_makes_another_pair(qapp: object) -> None:
    bench = Workbench()
    bench.set_checkpoint(panel_data.checkpoint())
    bench.set_other(panel_data.checkpoint())
    assert bench.pair is not None
    assert bench.pair.container == bench.container
    before = bench.pair
    bench.use_container("ema")
    assert bench.pair is not before
    assert bench.pair.container == "ema"
    assert bench.pair.diff.counts["matched"] >= 11


def test_that_the_pair_goes_with_either_of_the_two(qapp: object, tmp_path: Path) -> None:
    bench = Workbench()
    first, second = read_epochs(tmp_path)
    bench.set_checkpoint(first)
    bench.set_other(second)
    bench.set_other(None)
    assert bench.pair is None
    bench.set_other(second)
    bench.set_checkpoint(None)
    assert bench.pair is None


def test_that_opening_a_model_leaves_the_pair_as_it_is(qapp: object, tmp_path: Path) -> None:
    bench = Workbench()
    first, second = read_epochs(tmp_path)
    bench.set_checkpoint(first)
    bench.set_other(second)
    before = bench.pair
    bench.set_model(panel_data.opened())
    assert bench.pair is before


def test_that_large_pairs_are_left_to_a_job_and_a_late_answer_about_others_is_left(qapp: object) -> None:
    bench, questions = Workbench(), []
    bench.pair_later = questions.append
    bench.set_checkpoint(large("/a.pt"))
    bench.set_other(large("/b.pt"))
    assert bench.pair is None
    late = questions[-1]()
    bench.set_other(large("/c.pt"))
    bench.set_pair(late)
    assert bench.pair is None
    bench.set_pair(questions[-1]())
    assert bench.pair is not None
    assert bench.pair.found.path == "/c.pt"


def test_that_a_question_knows_when_it_is_large(tmp_path: Path) -> None:
    first, second = read_epochs(tmp_path)
    assert not PairKeys(first, "model", second).is_large
    assert PairKeys(large("/a.pt"), "", second).is_large
    pair = pair_of(first, second)
    assert pair.is_of(first, "model", second)
    assert not pair.is_of(first, "", second)
    assert not pair.is_of(second, "model", first)


# opening


def test_that_two_files_on_the_command_line_stand_side_by_side_in_front(side_by_side: Any) -> None:
    assert names(side_by_side) == ("epoch3.pt", "epoch4.pt")
    assert tab_is_shown(side_by_side)
    assert side_by_side.docks.tabs.currentWidget().place.id == "checkpoint_pair"
    assert side_by_side.windowTitle() == "epoch3.pt against epoch4.pt – Torchloupe"
    panel = side_by_side.docks.panels["checkpoint_pair"].inside()
    assert panel.state.text().startswith("4 of 5 tensors moved")


def test_that_the_tab_is_not_there_for_one_checkpoint(window: Any, qtbot: Any, epochs: tuple[Path, Path]) -> None:
    open_first(window, qtbot, epochs[0])
    assert not tab_is_shown(window)


def test_that_both_are_remembered_as_recent(side_by_side: Any, epochs: tuple[Path, Path]) -> None:
    recent = [entry.path if hasattr(entry, "path") else entry[0] for entry in side_by_side.settings.recent()]
    assert {str(path) for path in epochs} <= set(map(str, recent))


def test_that_an_unreadable_second_one_leaves_the_first_with_one_sentence(
    window: Any, qtbot: Any, epochs: tuple[Path, Path]
) -> None:
    epochs[1].write_bytes(b"no checkpoint at all")
    with qtbot.waitSignal(window.opening.refused, timeout=PATIENCE_MS):
        window.open_paths(list(epochs))
    assert names(window) == ("epoch3.pt", "")
    (problem,) = window.workbench.problems
    assert problem.hint
    assert window.drop_area.overlay.text == problem.message
    window.opening.other.open(save_epochs(epochs[0].parent)[1])
    wait_for_other(window, qtbot)
    assert window.workbench.problems == ()


def test_that_the_command_opens_a_chooser_and_what_is_chosen_stands_beside(
    window: Any, qtbot: Any, epochs: tuple[Path, Path]
) -> None:
    open_first(window, qtbot, epochs[0])
    window.actions_by_id.refresh()
    window.actions_by_id["open.other"].trigger()
    chooser = window.findChild(QFileDialog)
    assert chooser.windowTitle() == "Compare with checkpoint"
    chooser.fileSelected.emit(str(epochs[1]))
    chooser.reject()
    wait_for_other(window, qtbot)
    assert names(window) == ("epoch3.pt", "epoch4.pt")


def test_that_commands_make_sense_only_with_what_they_need(window: Any, qtbot: Any, epochs: tuple[Path, Path]) -> None:
    actions = window.actions_by_id
    beside = ("compare.values", "compare.swap", "close.other")
    actions.refresh()
    assert not any(actions[name].isEnabled() for name in ("open.other", *beside))
    open_first(window, qtbot, epochs[0])
    actions.refresh()
    assert actions["open.other"].isEnabled()
    assert not any(actions[name].isEnabled() for name in beside)
    window.opening.other.open(epochs[1])
    wait_for_other(window, qtbot)
    actions.refresh()
    assert all(actions[name].isEnabled() for name in ("open.other", *beside))


def test_that_the_two_can_be_swapped_and_back(side_by_side: Any) -> None:
    side_by_side.actions_by_id["compare.swap"].trigger()
    assert names(side_by_side) == ("epoch4.pt", "epoch3.pt")
    assert side_by_side.workbench.pair.expected is side_by_side.workbench.checkpoint
    side_by_side.actions_by_id["compare.swap"].trigger()
    assert names(side_by_side) == ("epoch3.pt", "epoch4.pt")


def test_that_closing_the_other_one_takes_its_tab_away(side_by_side: Any) -> None:
    side_by_side.actions_by_id["close.other"].trigger()
    assert names(side_by_side) == ("epoch3.pt", "")
    assert not tab_is_shown(side_by_side)


def test_that_closing_the_open_one_leaves_the_other_in_its_place(side_by_side: Any) -> None:
    side_by_side.actions_by_id["close.checkpoint"].trigger()
    assert names(side_by_side) == ("epoch4.pt", "")
    side_by_side.actions_by_id["close.checkpoint"].trigger()
    assert names(side_by_side) == ("", "")


def test_that_closing_all_closes_both(side_by_side: Any) -> None:
    side_by_side.actions_by_id["close.all"].trigger()
    assert names(side_by_side) == ("", "")
    assert not tab_is_shown(side_by_side)


def test_that_a_second_one_that_is_closed_while_it_is_read_does_not_come(
    window: Any, qtbot: Any, epochs: tuple[Path, Path]
) -> None:
    open_first(window, qtbot, epochs[0])
    window.opening.other.open(epochs[1])
    window.opening.other.close()
    assert not window.jobs.busy
    open_first(window, qtbot, epochs[0])
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert names(window) == ("epoch3.pt", "")


def test_that_reload_reads_both_again(side_by_side: Any, qtbot: Any) -> None:
    before = side_by_side.workbench.checkpoint, side_by_side.workbench.other
    side_by_side.opening.reload()
    qtbot.waitUntil(
        lambda: side_by_side.workbench.checkpoint is not before[0] and side_by_side.workbench.other is not before[1],
        timeout=PATIENCE_MS,
    )
    qtbot.waitUntil(lambda: not side_by_side.jobs.busy, timeout=PATIENCE_MS)
    assert names(side_by_side) == ("epoch3.pt", "epoch4.pt")


def test_that_the_command_compare_values_shows_the_panel(side_by_side: Any) -> None:
    side_by_side.docks.raise_panel("tensor")
    side_by_side.actions_by_id["compare.values"].trigger()
    assert side_by_side.docks.tabs.currentWidget().place.id == "checkpoint_pair"


# dropping


def test_that_the_overlay_says_what_shift_does(window: Any, qtbot: Any, epochs: tuple[Path, Path]) -> None:
    data = carrying(epochs[1])
    assert drag_over(window, data, SHIFT) == "Release to open epoch4.pt"  # nothing to compare with
    open_first(window, qtbot, epochs[0])
    assert drag_over(window, data, NONE) == "Release to open epoch4.pt. Hold Shift to compare with epoch3.pt"
    assert drag_over(window, data, SHIFT) == "Release to compare epoch3.pt with epoch4.pt"


def test_that_pressing_shift_on_the_way_changes_the_overlay(window: Any, qtbot: Any, epochs: tuple[Path, Path]) -> None:
    open_first(window, qtbot, epochs[0])
    data = carrying(epochs[1])
    drag_over(window, data, NONE)
    QApplication.sendEvent(window, QDragMoveEvent(QPoint(60, 60), COPY, data, Qt.MouseButton.LeftButton, SHIFT))
    assert window.drop_area.overlay.text == "Release to compare epoch3.pt with epoch4.pt"


def test_that_a_drop_with_shift_stands_beside_and_one_without_replaces(
    window: Any, qtbot: Any, epochs: tuple[Path, Path]
) -> None:
    open_first(window, qtbot, epochs[0])
    drop(window, carrying(epochs[1]), SHIFT)
    wait_for_other(window, qtbot)
    assert names(window) == ("epoch3.pt", "epoch4.pt")
    drop(window, carrying(epochs[1]), NONE)
    qtbot.waitUntil(lambda: names(window) == ("epoch4.pt", "epoch4.pt"), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)


def test_that_shift_with_nothing_open_opens(window: Any, qtbot: Any, epochs: tuple[Path, Path]) -> None:
    drop(window, carrying(epochs[0]), SHIFT)
    qtbot.waitUntil(lambda: names(window) == ("epoch3.pt", ""), timeout=PATIENCE_MS)


def test_that_two_dropped_together_stand_side_by_side(window: Any, qtbot: Any, epochs: tuple[Path, Path]) -> None:
    drop(window, carrying(*epochs), NONE)
    wait_for_other(window, qtbot)
    assert names(window) == ("epoch3.pt", "epoch4.pt")


def test_that_a_model_dropped_with_shift_is_opened_all_the_same(
    window: Any, qtbot: Any, epochs: tuple[Path, Path], model_file: Path
) -> None:
    open_first(window, qtbot, epochs[0])
    assert drag_over(window, carrying(model_file), SHIFT) == f"Release to open {model_file.name}"
    drop(window, carrying(model_file), SHIFT)
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    assert names(window) == ("epoch3.pt", "")


@pytest.mark.parametrize(("offered", "taken"), [(COPY | MOVE, COPY), (MOVE | LINK, LINK), (MOVE, NOTHING), (COPY | LINK, COPY)])
def test_that_a_dropped_file_is_never_moved(
    window: Any, qtbot: Any, epochs: tuple[Path, Path], offered: Qt.DropAction, taken: Qt.DropAction
) -> None:
    assert drop(window, carrying(epochs[0]), SHIFT, offered) == taken
    qtbot.waitUntil(lambda: names(window) == ("epoch3.pt", ""), timeout=PATIENCE_MS)


def test_that_a_refused_file_is_refused_whatever_is_held(window: Any, qtbot: Any, epochs: tuple[Path, Path]) -> None:
    open_first(window, qtbot, epochs[0])
    assert drag_over(window, carrying(epochs[0].parent / "cat.png"), SHIFT).startswith("cat.png is a picture.")
    assert Dropped((), "No.").text_beside("a.pt", True) == "No."
