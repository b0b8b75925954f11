"""The Checkpoints panel on a workbench: keys, values as they arrive, the plot, and selection both ways."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from gui import panel_data
from gui.checkpoint_files import after, read_epochs, save_epochs
from gui.conftest import PATIENCE_MS
from gui.panel_data import open_panel, shown_column
from torchloupe.checkpoints import read_contents
from torchloupe.gui import theme
from torchloupe.gui.checkpoint_pair import model as rows
from torchloupe.gui.checkpoint_pair import panel as panels
from torchloupe.gui.checkpoint_pair.building import AT_ONCE
from torchloupe.gui.checkpoint_pair.panel import CheckpointPairPanel
from torchloupe.numbers import comparison
from torchloupe.wire.contents import CheckpointContents

Epochs = tuple[CheckpointContents, CheckpointContents]


@pytest.fixture
def epochs(tmp_path: Path) -> Epochs:
    return read_epochs(tmp_path)


@pytest.fixture
def panel(qtbot: Any) -> CheckpointPairPanel:
    made: CheckpointPairPanel = open_panel(qtbot, CheckpointPairPanel)
    return made


def put_side_by_side(panel: CheckpointPairPanel, epochs: Epochs) -> None:
    panel.workbench.set_checkpoint(epochs[0])
    panel.workbench.set_other(epochs[1])


def wait(panel: CheckpointPairPanel, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not panel.jobs.busy, timeout=PATIENCE_MS)


@pytest.fixture
def compared(panel: CheckpointPairPanel, epochs: Epochs, qtbot: Any) -> CheckpointPairPanel:
    """Two epochs, keys and values."""
    put_side_by_side(panel, epochs)
    wait(panel, qtbot)
    return panel


class Slow:
    """Comparing stops after ``count`` pairs until it is let go; then progress is told, which is where a cancel is noticed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, count: int = 2) -> None:
        self.whole, self.count = comparison.compare_values, count
        self.waits, self.go = threading.Event(), threading.Event()
        self.ended = threading.Event()
        monkeypatch.setattr(comparison, "compare_values", self.compare)

    def compare(self, expected: Any, found: Any, pairs: Any, progress: Any) -> Iterator[Any]:
        try:
            progress(0, 1000, "first")
            for number, each in enumerate(self.whole(expected, found, pairs)):
                if number == self.count:
                    self.waits.set()
                    self.go.wait(10)
                progress(100 * number, 1000, each.expected)
                yield each
        finally:
            self.ended.set()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    made = Slow(monkeypatch)
    yield made
    made.go.set()


def start_slowly(panel: CheckpointPairPanel, epochs: Epochs, slow: Slow, qtbot: Any) -> None:
    """Until two tensors were compared and the third is being waited for."""
    put_side_by_side(panel, epochs)
    qtbot.waitUntil(slow.waits.is_set, timeout=PATIENCE_MS)
    qtbot.waitUntil(lambda: len(panel.compared) == 2, timeout=PATIENCE_MS)


# keys


def test_that_an_empty_panel_says_what_to_open(panel: CheckpointPairPanel) -> None:
    assert panel.table.empty.label.text().startswith("Two checkpoints stand here side by side.")
    panel.workbench.set_checkpoint(panel_data.checkpoint())
    assert panel.table.empty.label.text().startswith("One checkpoint is open. Drop another one with Shift held")
    assert not panel.header.isVisible()


def test_that_both_files_are_named_and_their_keys_counted(compared: CheckpointPairPanel) -> None:
    assert compared.headline.text() == "epoch3.pt has 7 keys, epoch4.pt has 7; 5 keys are the same in both."
    assert compared.counts.text() == "= matched 5    ↕ resized 1    − missing 1    + unexpected 1"


def test_that_the_keys_of_large_ones_are_waited_for_with_a_sentence(panel: CheckpointPairPanel, epochs: Epochs) -> None:
    panel.workbench.pair_later = lambda _question: None
    large = CheckpointContents("/big.pt", "torch zip", 1, 1, epochs[0].tensors * 2000)
    panel.workbench.set_checkpoint(large)
    panel.workbench.set_other(large)
    assert panel.table.empty.label.text() == "The keys of the two checkpoints are being compared …"


def test_that_files_without_a_common_key_say_so(panel: CheckpointPairPanel, epochs: Epochs) -> None:
    put_side_by_side(panel, (panel_data.checkpoint(), epochs[1]))
    assert "no key in common" in panel.headline.text()
    assert panel.state.text() == "No tensor has the same shape in both, so there are no values to compare."
    assert not panel.compare.isVisible()
    assert not panel.jobs.busy


def many(path: str, count: int) -> CheckpointContents:
    tensors = tuple(panel_data.stored(f"layers.{number}.weight", (1,), "") for number in range(count))
    return CheckpointContents(path, "torch zip", 1, 1, tensors)


def test_that_very_many_keys_are_listed_by_a_job(panel: CheckpointPairPanel, qtbot: Any) -> None:
    count = AT_ONCE + 1
    panel.compare_values = lambda: None  # type: ignore[method-assign]  # there are no files
    panel.workbench.set_checkpoint(many("/a.pt", count))
    panel.workbench.set_other(many("/b.pt", count))
    assert panel.table.empty.label.text() == "Listing the keys …"
    assert not panel.header.isVisible()
    wait(panel, qtbot)
    assert len(panel.model.rows) == count
    assert panel.headline.text() == f"a.pt and b.pt have the same {count:,} keys."
    assert panel.header.isVisible()


def test_that_keys_of_a_pair_that_was_closed_meanwhile_are_left(panel: CheckpointPairPanel, qtbot: Any) -> None:
    panel.workbench.set_checkpoint(many("/a.pt", AT_ONCE + 1))
    panel.workbench.set_other(many("/b.pt", AT_ONCE + 1))
    panel.workbench.set_other(None)
    wait(panel, qtbot)
    assert len(panel.model.rows) == 0
    assert not panel.header.isVisible()


def test_that_the_column_of_keys_is_as_wide_as_they_are(compared: CheckpointPairPanel) -> None:
    compared.resize(1800, 600)
    view = compared.table.view
    longest = max(shown_column(compared.table, rows.KEY), key=len)
    assert view.columnWidth(rows.KEY) > view.fontMetrics().horizontalAdvance(longest)


# values


def test_that_values_of_small_files_are_compared_by_themselves_and_summed_up(compared: CheckpointPairPanel) -> None:
    assert compared.state.text().startswith("4 of 5 tensors moved; the most: far.weight (relative 2); 1 with NaN: bad.weight")
    assert shown_column(compared.table, rows.KEY)[:3] == ["bad.weight", "bias", "far.weight"]
    assert not compared.progress.isVisible()
    assert not compared.compare.isVisible()


def test_that_the_same_file_twice_is_all_equal(panel: CheckpointPairPanel, epochs: Epochs, qtbot: Any) -> None:
    put_side_by_side(panel, (epochs[0], epochs[0]))
    wait(panel, qtbot)
    assert panel.headline.text() == "epoch3.pt and epoch3.pt (the same file) have the same 7 keys."
    assert panel.state.text() == "All 7 tensors are equal."
    assert set(shown_column(panel.table, rows.MOTION)) == {"= equal"}


def test_that_large_files_are_read_only_when_it_is_asked_for(
    panel: CheckpointPairPanel, epochs: Epochs, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "AT_ONCE_BYTES", 100)
    put_side_by_side(panel, epochs)
    assert not panel.jobs.busy
    assert panel.state.text() == "Values are not compared yet: 992 B to read."
    panel.compare.click()
    wait(panel, qtbot)
    assert panel.state.text().startswith("4 of 5 tensors moved")


def test_that_the_command_asks_for_it_too(
    panel: CheckpointPairPanel, epochs: Epochs, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panels, "AT_ONCE_BYTES", 100)
    panel.workbench.values_wanted.emit()  # with nothing open: nothing to do
    put_side_by_side(panel, epochs)
    panel.workbench.values_wanted.emit()
    wait(panel, qtbot)
    panel.workbench.values_wanted.emit()  # all is known: nothing is read again
    assert not panel.jobs.busy
    assert len(panel.compared) == 5


def test_that_a_hidden_panel_reads_nothing_until_it_is_shown(panel: CheckpointPairPanel, epochs: Epochs, qtbot: Any) -> None:
    panel.hide()
    put_side_by_side(panel, epochs)
    assert not panel.jobs.busy
    panel.show()
    wait(panel, qtbot)
    assert len(panel.compared) == 5


def test_that_rows_and_progress_come_while_it_runs(panel: CheckpointPairPanel, epochs: Epochs, slow: Slow, qtbot: Any) -> None:
    start_slowly(panel, epochs, slow, qtbot)
    assert panel.state.text() == "Comparing values: 100 B of 1 kB"
    assert panel.progress.isVisible()
    assert panel.progress.value() == 100
    assert panel.cancel.isVisible()
    assert not panel.compare.isVisible()
    assert sum(bool(text) for text in shown_column(panel.table, rows.CHANGED)) == 2
    slow.go.set()
    wait(panel, qtbot)
    assert sum(bool(text) for text in shown_column(panel.table, rows.CHANGED)) == 5


def test_that_a_cancel_keeps_what_is_there_and_the_rest_can_follow(
    panel: CheckpointPairPanel, epochs: Epochs, slow: Slow, qtbot: Any
) -> None:
    start_slowly(panel, epochs, slow, qtbot)
    panel.cancel.click()
    slow.go.set()
    wait(panel, qtbot)
    assert panel.state.text() == "Cancelled. 2 of 5 tensors were compared."
    assert sum(bool(text) for text in shown_column(panel.table, rows.CHANGED)) == 2
    assert panel.compare.isVisible()
    panel.compare.click()
    wait(panel, qtbot)
    assert panel.state.text().startswith("4 of 5 tensors moved")


@pytest.mark.parametrize("how", ["closed", "replaced"])
def test_that_no_stale_value_is_shown_when_the_second_one_goes_meanwhile(
    panel: CheckpointPairPanel, epochs: Epochs, slow: Slow, qtbot: Any, how: str
) -> None:
    start_slowly(panel, epochs, slow, qtbot)
    if how == "closed":
        panel.workbench.set_other(None)
    else:
        slow.count = 99
        panel.workbench.set_other(epochs[0])
    assert not panel.compared
    assert not any(shown_column(panel.table, rows.CHANGED))
    slow.go.set()
    qtbot.waitUntil(slow.ended.is_set, timeout=PATIENCE_MS)
    wait(panel, qtbot)
    if how == "closed":
        assert not panel.header.isVisible()
        assert panel.compared == []
        assert panel.plot is not None
        assert not panel.plot.isVisible()
    else:
        qtbot.waitUntil(lambda: panel.state.text() == "All 7 tensors are equal.", timeout=PATIENCE_MS)
        assert set(shown_column(panel.table, rows.MOTION)) == {"= equal"}


def test_that_a_file_that_vanished_meanwhile_is_said_in_a_sentence(
    panel: CheckpointPairPanel, tmp_path: Path, qtbot: Any
) -> None:
    paths = save_epochs(tmp_path)
    epochs = read_contents(paths[0]), read_contents(paths[1])
    paths[1].unlink()
    put_side_by_side(panel, epochs)
    wait(panel, qtbot)
    assert panel.state.text().startswith("0 of 5 tensors moved; 5 could not be compared: far.weight")
    assert "epoch4.pt" in shown_column(panel.table, len(rows.COLUMNS) - 1)[0]
    assert len(panel.model.rows) == 8


def test_that_swapping_shows_the_other_direction(compared: CheckpointPairPanel, qtbot: Any) -> None:
    compared.workbench.swap_checkpoints()
    wait(compared, qtbot)
    statuses = dict(zip(shown_column(compared.table, rows.KEY), shown_column(compared.table, rows.MOTION), strict=True))
    assert (statuses["gone"], statuses["extra"]) == ("+ unexpected", "− missing")
    assert compared.headline.text().startswith("epoch4.pt has 7 keys, epoch3.pt has 7")
    assert statuses["far.weight"] == "Δ 0.6667"


# selection and the plot


def test_that_choosing_a_row_selects_the_tensor_of_the_open_checkpoint(compared: CheckpointPairPanel) -> None:
    compared.table.view.selectRow(2)
    stored = compared.workbench.selection.stored
    assert stored is not None
    assert (stored.key, stored.container) == ("far.weight", "model")
    assert compared.plot is not None
    assert compared.plot.mark.isVisible()
    assert compared.plot.mark.value() == list(after()).index("far.weight")


def test_that_a_row_that_only_the_other_one_has_selects_nothing_of_the_open_one(compared: CheckpointPairPanel) -> None:
    number = shown_column(compared.table, rows.KEY).index("extra")
    compared.table.view.selectRow(number)
    assert compared.workbench.selection.stored is None


def test_that_the_panel_follows_a_selection_made_elsewhere(compared: CheckpointPairPanel, epochs: Epochs) -> None:
    tensor = next(tensor for tensor in epochs[0].tensors if tensor.key == "near.weight")
    compared.workbench.select_stored(tensor)
    assert compared.table.view.currentIndex().siblingAtColumn(rows.KEY).data() == "near.weight"
    assert compared.plot is not None
    assert compared.plot.mark.value() == 1


def test_that_a_click_on_a_stem_selects_its_row(compared: CheckpointPairPanel, qtbot: Any) -> None:
    plot = compared.plot
    assert plot is not None
    row = compared.model.row_of("far.weight")
    assert row is not None
    qtbot.waitUntil(lambda: plot.plot.getViewBox().width() > 100, timeout=PATIENCE_MS)
    place = plot.plot.getViewBox().mapViewToScene(QPointF(row.number, plot.floor + 0.5))
    assert plot.number_at(place) == row.number
    plot.chosen.emit(row.number)
    assert compared.table.current_key() == row.number
    stored = compared.workbench.selection.stored
    assert stored is not None
    assert stored.key == "far.weight"


def test_that_the_arrow_keys_of_the_plot_walk_through_the_tensors(compared: CheckpointPairPanel) -> None:
    assert compared.plot is not None
    compared.plot.stepped.emit(-(10**9))
    assert compared.table.current_key() == 0
    compared.plot.stepped.emit(1)
    assert compared.table.current_key() == 1
    compared.plot.stepped.emit(10**9)
    assert compared.table.current_key() == len(compared.model.items) - 1


def test_that_the_plot_shows_every_number_that_a_step_has_but_gradients(compared: CheckpointPairPanel) -> None:
    plot, box = compared.plot, compared.series.box
    assert plot is not None
    assert [box.itemText(at) for at in range(box.count())] == ["Change / weight", "Weight norm", "Elements changed"]
    assert not plot.band.isVisible()
    box.setCurrentIndex(2)
    assert plot.series is not None
    assert plot.series.name == "changed"
    assert (plot.floor, plot.top) == (0.0, 1.0)


def test_that_the_plot_says_what_did_not_move_in_words(compared: CheckpointPairPanel) -> None:
    assert compared.plot is not None
    texts = {item.toPlainText() for item in compared.plot._labels}
    assert "✖ NaN" in texts
    assert texts & {"– equal", "– missing", "– unexpected", "– other shape"}


def test_that_rows_are_copied_and_the_filter_takes_the_focus(compared: CheckpointPairPanel, qapp: QApplication) -> None:
    assert compared.copy_rows().splitlines()[0].startswith("bad.weight\t▲ NaN\t")
    compared.focus_filter()
    qapp.processEvents()
    assert compared.focusWidget() is compared.table.filter


def test_that_the_panel_is_drawn_in_both_themes(compared: CheckpointPairPanel, qapp: QApplication) -> None:
    light = compared.grab().toImage()
    theme.apply_theme(qapp, "dark")
    qapp.processEvents()
    dark = compared.grab().toImage()
    place = (compared.width() // 2, compared.height() // 3)
    assert light.pixelColor(*place).lightness() > dark.pixelColor(*place).lightness()


def test_that_pyqtgraph_waits_for_the_first_values() -> None:
    script = (
        "import sys; from PySide6.QtWidgets import QApplication; app = QApplication([]);"
        "from torchloupe.gui.workbench import Workbench; from torchloupe.gui.jobs import Jobs;"
        "from torchloupe.gui.checkpoint_pair.panel import CheckpointPairPanel;"
        "panel = CheckpointPairPanel(Workbench(), Jobs(None)); panel.show();"
        "print([name for name in ('pyqtgraph', 'numpy', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
