"""Files written from the window: what the commands offer, what the dialog asks, what the jobs write and say."""

from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from safetensors.torch import load_file

from gui.conftest import PATIENCE_MS
from torchloupe.analysis.state_dict_diff import KeyEntry, state_dict_diff
from torchloupe.checkpoints import read_contents
from torchloupe.gui.exporting import SaveTensor, WriteCheckpoint
from torchloupe.gui.jobs import Cancelled
from torchloupe.wire.errors import TorchloupeError

STATE = {"module.fc.weight": torch.arange(12.0).view(4, 3), "module.fc.bias": torch.ones(4).bfloat16()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A training checkpoint of a wrapped model."""
    torch.save({"model": STATE, "epoch": 3}, tmp_path / "a.pt")
    return tmp_path / "a.pt"


@pytest.fixture
def open_window(window: Any, source: Path) -> Any:
    """A window with the checkpoint, its first tensor selected."""
    contents = read_contents(source)
    window.workbench.set_checkpoint(contents)
    window.workbench.select_stored(contents.tensors[0])
    window.actions_by_id.refresh()
    return window


def dialog() -> QFileDialog:
    """The one file dialog on the screen."""
    (found,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, QFileDialog) and w.isVisible()]
    return found


def choose(path: Path) -> None:
    """Press Save with this name."""
    chooser = dialog()
    chooser.selectFile(str(path))
    chooser.accept()


def said(window: Any) -> str:
    text: str = window.status.message.text()
    return text


def test_that_a_checkpoint_is_exported_in_the_format_of_the_name(open_window: Any, tmp_path: Path, qtbot: Any) -> None:
    open_window.actions_by_id["export.checkpoint"].trigger()
    assert [Path(name).name for name in dialog().selectedFiles()] == ["a.safetensors"]
    choose(tmp_path / "b.safetensors")
    qtbot.waitUntil(lambda: said(open_window).startswith("Wrote 2 tensors of model"), timeout=PATIENCE_MS)
    found = load_file(tmp_path / "b.safetensors")
    assert all(torch.equal(found[key], tensor) for key, tensor in STATE.items())
    lines = [line.text for line in open_window.book.lines]
    assert "Not in this state_dict and left out: 1 other value." in lines


def test_that_the_chosen_filter_says_the_suffix(open_window: Any, tmp_path: Path, qtbot: Any) -> None:
    open_window.actions_by_id["export.checkpoint"].trigger()
    chooser = dialog()
    assert chooser.selectedNameFilter() == "safetensors (*.safetensors)"
    chooser.filterSelected.emit(chooser.nameFilters()[1])
    assert chooser.defaultSuffix() == "pt"
    assert [Path(name).name for name in chooser.selectedFiles()] == ["a.pt"]
    choose(tmp_path / "typed")
    qtbot.waitUntil(lambda: (tmp_path / "typed.pt").exists(), timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: not open_window.jobs.busy, timeout=PATIENCE_MS)
    assert list(torch.load(tmp_path / "typed.pt", weights_only=True)) == list(STATE)


def test_that_a_safetensors_file_is_offered_as_a_torch_file(window: Any, tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "a.pt")
    WriteCheckpoint(read_contents(tmp_path / "a.pt"), "", None, tmp_path / "s.safetensors")(lambda *_: None)
    window.workbench.set_checkpoint(read_contents(tmp_path / "s.safetensors"))
    window.actions_by_id.refresh()
    window.actions_by_id["export.checkpoint"].trigger()
    assert [Path(name).name for name in dialog().selectedFiles()] == ["s.pt"]
    dialog().reject()


def test_that_the_dialog_asks_before_a_file_is_replaced(open_window: Any, tmp_path: Path, qtbot: Any) -> None:
    (tmp_path / "a.safetensors").write_text("mine")
    open_window.actions_by_id["export.checkpoint"].trigger()
    assert not dialog().testOption(QFileDialog.Option.DontConfirmOverwrite)
    answered: list[str] = []

    def answer_no() -> None:
        boxes = [w for w in QApplication.topLevelWidgets() if isinstance(w, QMessageBox) and w.isVisible()]
        if boxes:
            answered.append(boxes[0].text())
            qtbot.mouseClick(boxes[0].button(QMessageBox.StandardButton.No), Qt.MouseButton.LeftButton)

    timer = QTimer(interval=10)
    timer.timeout.connect(answer_no)
    timer.start()
    dialog().accept()
    timer.stop()
    assert "already exists" in answered[0]
    dialog().reject()
    assert (tmp_path / "a.safetensors").read_text() == "mine"
    assert not open_window.jobs.busy


def test_that_the_source_is_never_written_and_the_window_says_why(open_window: Any, source: Path, qtbot: Any) -> None:
    before = source.read_bytes()
    open_window.dialogs.save_as("Save", source, ("PyTorch (*.pt)",), lambda path: start(open_window, path))
    dialog().fileSelected.emit(str(source))
    dialog().reject()
    qtbot.waitUntil(lambda: "is read for this" in said(open_window), timeout=PATIENCE_MS)
    assert source.read_bytes() == before


def start(window: Any, path: Path) -> None:
    """What the command does with a name."""
    work = WriteCheckpoint(window.workbench.checkpoint, window.workbench.container, None, path)
    window.jobs.start(work)


def test_that_a_tensor_is_saved_for_numpy(open_window: Any, tmp_path: Path, qtbot: Any) -> None:
    open_window.actions_by_id["export.tensor"].trigger()
    assert [Path(name).name for name in dialog().selectedFiles()] == ["module.fc.weight.npy"]
    choose(tmp_path / "w.npy")
    qtbot.waitUntil(lambda: said(open_window).startswith("Saved module.fc.weight, [4, 3] float32"), timeout=PATIENCE_MS)
    assert numpy.array_equal(numpy.load(tmp_path / "w.npy"), STATE["module.fc.weight"].numpy())


def test_that_a_key_is_a_file_name_without_folders(open_window: Any, tmp_path: Path) -> None:
    torch.save({"a/../b: c": torch.ones(2)}, tmp_path / "odd.pt")
    contents = read_contents(tmp_path / "odd.pt")
    open_window.workbench.set_checkpoint(contents)
    open_window.workbench.select_stored(contents.tensors[0])
    open_window.actions_by_id["export.tensor"].trigger()
    assert dialog().selectedFiles() == [str(tmp_path / "a_.._b__c.npy")]
    dialog().reject()


def test_that_without_a_checkpoint_or_a_selected_tensor_there_is_nothing_to_write(window: Any, source: Path) -> None:
    ids = ("export.checkpoint", "export.renamed", "export.tensor")
    window.actions_by_id.refresh()
    assert [window.actions_by_id[each].isEnabled() for each in ids] == [False, False, False]
    for each in ids:
        window.actions_by_id.table[each].run()  # by a shortcut that comes too late
    assert not [w for w in QApplication.topLevelWidgets() if isinstance(w, QFileDialog) and w.isVisible()]
    window.workbench.set_checkpoint(read_contents(source))
    window.actions_by_id.refresh()
    assert [window.actions_by_id[each].isEnabled() for each in ids] == [True, False, False]


def test_that_keys_of_the_model_are_offered_when_some_are_called_otherwise(full_window: Any) -> None:
    full_window.actions_by_id.refresh()
    assert full_window.workbench.diff.counts["renamed"]
    assert full_window.actions_by_id["export.renamed"].isEnabled()
    full_window.actions_by_id["export.renamed"].trigger()
    assert dialog().windowTitle() == "Export under the model's keys"
    dialog().reject()


def test_that_a_file_under_the_keys_of_the_model_loads_strictly(source: Path, tmp_path: Path) -> None:
    model = torch.nn.Sequential()
    model.add_module("fc", torch.nn.Linear(3, 4))
    contents = read_contents(source)
    expected = [KeyEntry(key, tuple(value.shape), "float32") for key, value in model.state_dict().items()]
    diff = state_dict_diff(expected, [KeyEntry(t.key, t.shape, t.dtype) for t in contents.tensors])
    lines = WriteCheckpoint(contents, "model", diff, tmp_path / "b.pt")(lambda *_: None)
    assert lines[1] == "2 keys renamed, such as module.fc.weight to fc.weight."
    model.load_state_dict(torch.load(tmp_path / "b.pt", weights_only=True), strict=True)
    assert torch.equal(model.fc.weight, STATE["module.fc.weight"])  # type: ignore[union-attr, arg-type]  # added by name


def test_that_a_transposed_matrix_is_written_as_the_model_wants_it(source: Path, tmp_path: Path) -> None:
    contents = read_contents(source)
    expected = [KeyEntry("fc.weight", (3, 4), "float32"), KeyEntry("fc.bias", (4,), "bfloat16")]
    diff = state_dict_diff(expected, [KeyEntry(t.key, t.shape, t.dtype) for t in contents.tensors])
    lines = WriteCheckpoint(contents, "model", diff, tmp_path / "b.pt")(lambda *_: None)
    assert list(torch.load(tmp_path / "b.pt", weights_only=True)) == ["fc.weight", "fc.bias"]
    assert "1 transposed" in lines[0]


def stop(*_: object) -> None:
    raise Cancelled


def test_that_a_cancelled_export_leaves_nothing_and_says_so(
    open_window: Any, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for work in (WriteCheckpoint, SaveTensor):
        monkeypatch.setattr(work, "__call__", stop)
    for action, name in (("export.checkpoint", "b.pt"), ("export.tensor", "b.npy")):
        open_window.status.say("")
        open_window.actions_by_id[action].trigger()
        choose(tmp_path / name)
        qtbot.waitUntil(lambda: said(open_window) == "Cancelled. Nothing was written.", timeout=PATIENCE_MS)
        assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_that_work_stops_at_its_progress_and_leaves_nothing(source: Path, tmp_path: Path) -> None:
    contents = read_contents(source)
    works = (
        WriteCheckpoint(contents, "model", None, tmp_path / "b.pt"),
        SaveTensor(contents, contents.tensors[0], tmp_path / "b.npy"),
    )
    for work in works:
        with pytest.raises(Cancelled):
            work(stop)
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_that_what_cannot_be_written_is_said(open_window: Any, source: Path, tmp_path: Path, qtbot: Any) -> None:
    open_window.actions_by_id["export.checkpoint"].trigger()
    dialog().fileSelected.emit(str(tmp_path / "b.onnx"))
    dialog().reject()
    qtbot.waitUntil(lambda: "The name b.onnx does not say a format." in said(open_window), timeout=PATIENCE_MS)
    with pytest.raises(TorchloupeError, match="cannot be written"):
        WriteCheckpoint(read_contents(source), "model", None, tmp_path / "nowhere/b.pt")(lambda *_: None)
