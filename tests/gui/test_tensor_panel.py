"""The Tensor panel on a workbench."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtWidgets import QApplication

from gui import panel_data
from gui.panel_data import QuietSession, open_panel, run_well, shown_column, stats
from torchloupe.checkpoints import read_contents
from torchloupe.gui import theme
from torchloupe.gui.tensor.panel import TensorPanel
from torchloupe.gui.tensor.views import VALUES
from torchloupe.gui.workbench import Selection
from torchloupe.session.scripted import UNTIL_CANCELLED, ScriptedSession
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import InspectModel
from torchloupe.wire.requests import Failed, FetchedStats, FetchStats, FetchValues
from torchloupe.wire.tensors import TensorMeta, TensorStats


@pytest.fixture
def session() -> QuietSession:
    return QuietSession({FetchStats: lambda message: FetchedStats(message.key, stats(1280, zeros=7))})


@pytest.fixture
def panel(qtbot: Any, session: QuietSession) -> TensorPanel:
    made = open_panel(qtbot, TensorPanel, session)
    run_well(made.workbench)
    return made


def test_that_an_empty_panel_says_what_to_select(panel: TensorPanel) -> None:
    panel.workbench.select(Selection())
    assert panel.empty.isVisible()
    assert panel.empty.label.text().startswith("Nothing to plot.")


def test_that_an_output_shows_its_histogram_words_and_numbers(panel: TensorPanel) -> None:
    panel.workbench.select_call(7)
    assert panel.choice.currentText() == "head.act, output [2, 128]"
    assert panel.numbers.words.text() == "256 values: 128 (50 %) zeros; no NaN, no Inf."
    assert panel.numbers.plot is not None
    assert panel.numbers.plot.isVisible()
    assert shown_column(panel.table, 0)[:4] == ["Shape", "Axes", "Dtype", "Device"]
    assert len(panel.numbers.plot.bars.opts["height"]) == 64


def test_that_nan_and_inf_are_said_in_words(panel: TensorPanel) -> None:
    panel.workbench.select_call(8)
    assert "✖ 3 NaN and 1 Inf" in panel.numbers.words.text()


def test_that_the_counts_can_be_logarithmic(panel: TensorPanel) -> None:
    panel.workbench.select_call(7)
    plain = max(panel.numbers.plot.bars.opts["height"])
    panel.logarithmic.setChecked(True)
    assert max(panel.numbers.plot.bars.opts["height"]) < plain
    assert panel.numbers.plot.plot.getAxis("left").logMode


def test_that_a_tensor_without_finite_values_has_no_histogram(panel: TensorPanel) -> None:
    broken = TensorStats(8, None, None, None, None, 0, 8, 0)
    panel.workbench.add_calls([panel_data.call(30, "head.fc2", (1,), (8,), stats=(broken,))])
    panel.workbench.select_call(30)
    assert panel.numbers.no_plot.label.text() == "No finite value, so there is no histogram."
    assert panel.numbers.words.text().startswith("✖ None of its 8 values is finite")
    assert not panel.logarithmic.isEnabled()


def test_that_one_of_several_outputs_can_be_chosen(panel: TensorPanel) -> None:
    outputs = (TensorMeta((4,), "float32"), TensorMeta((5,), "float32"))
    several = panel_data.call(31, "head", (1,), (4,), outputs=outputs, stats=(stats(4), stats(5)))
    panel.workbench.add_calls([several])
    panel.workbench.select_call(31)
    panel.choice.setCurrentIndex(1)
    panel.choice.activated.emit(1)
    assert panel.numbers.words.text().startswith("5 values")
    panel.workbench.trace_changed.emit()
    assert panel.choice.currentIndex() == 1


def test_that_a_parameter_is_read_by_the_worker_and_shown(panel: TensorPanel, session: QuietSession, qtbot: Any) -> None:
    panel.workbench.select_parameter("head.fc2.weight")
    assert panel.numbers.no_plot.label.text() == "Reading the values of head.fc2.weight …"
    qtbot.waitUntil(lambda: panel.numbers.words.isVisible())
    assert panel.numbers.words.text().startswith("1,280 values: 7 (0.547 %) zeros")
    assert session.asked == [FetchStats("head.fc2.weight")]


def test_that_a_closer_look_gives_way_to_the_values_that_a_view_asks_for(qtbot: Any) -> None:
    key = "head.fc2.weight"
    refused = Failed((Problem("no-values", "It has no values.", hint="Run the model."),))
    session: Any = ScriptedSession(
        {InspectModel: [UNTIL_CANCELLED], FetchStats: [FetchedStats(key, stats())], FetchValues: [refused]}
    )
    panel = open_panel(qtbot, TensorPanel, session)
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.select_parameter(key)
    qtbot.waitUntil(panel.numbers.words.isVisible)
    panel.bench_jobs.start(InspectModel(), gives_way=True, failed=lambda _failed: None)
    qtbot.waitUntil(lambda: session.state == "busy")
    panel.views.show_view(VALUES)
    qtbot.waitUntil(lambda: panel.views.current.said.label.text() == "It has no values. Run the model.")
    kinds = [type(message) for message in session.asked]
    assert kinds[:3] == [FetchStats, InspectModel, FetchValues]
    session.close()


def parameters_asked(session: QuietSession) -> int:
    return sum(isinstance(message, FetchStats) for message in session.asked)


def test_that_what_was_read_is_not_asked_for_again_until_the_model_changes(
    panel: TensorPanel, session: QuietSession, qtbot: Any
) -> None:
    panel.workbench.select_parameter("head.fc2.weight")
    qtbot.waitUntil(lambda: panel.numbers.words.isVisible())
    panel.workbench.select_call(7)
    panel.workbench.select_parameter("head.fc2.weight")
    assert panel.numbers.words.text().startswith("1,280 values")
    assert parameters_asked(session) == 1
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.select_parameter("head.fc2.weight")
    qtbot.waitUntil(lambda: parameters_asked(session) == 2)
    qtbot.waitUntil(lambda: panel.numbers.words.isVisible())


def test_that_a_late_answer_for_another_parameter_is_not_shown(panel: TensorPanel, qtbot: Any) -> None:
    panel.workbench.select_call(7)
    panel._arrived(FetchedStats("head.fc2.bias", stats(10)))
    assert panel.numbers.words.text().startswith("256 values")


def test_that_a_dead_worker_is_said_with_what_to_do(qtbot: Any) -> None:
    panel = open_panel(qtbot, TensorPanel)
    run_well(panel.workbench)
    panel.workbench.select_parameter("head.fc2.weight")
    qtbot.waitUntil(lambda: panel.numbers.no_plot.label.text() == "The worker was killed. Restart it.")
    assert "Shape" in shown_column(panel.table, 0)


def test_that_a_cancelled_reading_says_how_to_start_it_again(panel: TensorPanel) -> None:
    panel.workbench.select_call(7)
    panel._failed(Failed((), cancelled=True))
    assert "Select the tensor again" in panel.numbers.no_plot.label.text()


def test_that_a_hidden_panel_asks_for_nothing_until_it_is_shown(panel: TensorPanel, session: QuietSession, qtbot: Any) -> None:
    panel.hide()
    panel.workbench.select_parameter("head.fc2.weight")
    assert session.asked == []
    panel.show()
    qtbot.waitUntil(lambda: panel.numbers.words.isVisible())
    assert len(session.asked) == 1


@pytest.fixture
def opened(panel: TensorPanel, tmp_path: Path) -> CheckpointContents:
    """A checkpoint with real values, open on the panel's workbench."""
    state = {
        "weight": torch.arange(12.0).view(3, 4),
        "waves": torch.tensor([1 + 2j]),
        "sparse": torch.eye(2).to_sparse(),
        "large": torch.arange(3_000_000.0),
        "scalar": torch.tensor(5),
    }
    torch.save({"model": state}, tmp_path / "a.pt")
    contents = read_contents(tmp_path / "a.pt")
    panel.workbench.set_checkpoint(contents)
    return contents


def select(panel: TensorPanel, contents: CheckpointContents, key: str) -> None:
    panel.workbench.select_stored(next(tensor for tensor in contents.tensors if tensor.key == key))


def test_that_the_values_of_a_stored_tensor_are_read_from_its_file(
    panel: TensorPanel, session: QuietSession, opened: CheckpointContents, qtbot: Any
) -> None:
    select(panel, opened, "weight")
    qtbot.waitUntil(lambda: panel.numbers.words.isVisible())
    assert panel.numbers.words.text() == "12 values: 1 (8.33 %) zeros; no NaN, no Inf."
    shown = dict(zip(shown_column(panel.table, 0), shown_column(panel.table, 1), strict=True))
    assert (shown["Mean"], shown["Max"], shown["Quantile 50 %"]) == ("5.5", "11", "5.5")
    assert shown["Values [1, :]"] == "4  5  6  7"
    assert panel.numbers.plot is not None
    assert panel.numbers.plot.isVisible()
    assert session.asked == []


def test_that_a_stored_tensor_is_read_once(panel: TensorPanel, opened: CheckpointContents, qtbot: Any) -> None:
    select(panel, opened, "weight")
    qtbot.waitUntil(lambda: panel.numbers.words.isVisible())
    panel.workbench.select_call(7)
    Path(opened.path).unlink()
    select(panel, opened, "weight")
    assert panel.numbers.words.text().startswith("12 values")


def test_that_a_sample_is_said_to_be_one(panel: TensorPanel, opened: CheckpointContents, qtbot: Any) -> None:
    select(panel, opened, "large")
    qtbot.waitUntil(lambda: panel.numbers.words.isVisible())
    assert "histogram of an even sample of" in panel.numbers.words.text()
    assert "Quantile 50 % (sample)" in shown_column(panel.table, 0)


def test_that_complex_values_are_listed_without_a_histogram(panel: TensorPanel, opened: CheckpointContents, qtbot: Any) -> None:
    select(panel, opened, "waves")
    qtbot.waitUntil(lambda: panel.numbers.no_plot.label.text().startswith("Complex values"))
    assert "1+2j" in shown_column(panel.table, 1)


def test_that_a_number_alone_is_a_value(panel: TensorPanel, opened: CheckpointContents, qtbot: Any) -> None:
    select(panel, opened, "scalar")
    qtbot.waitUntil(lambda: panel.numbers.words.isVisible())
    assert "Values []" in shown_column(panel.table, 0)


def test_that_values_that_cannot_be_read_are_one_sentence(panel: TensorPanel, opened: CheckpointContents, qtbot: Any) -> None:
    select(panel, opened, "sparse")
    qtbot.waitUntil(lambda: panel.numbers.no_plot.label.text() == "The worker was killed. Restart it.")
    Path(opened.path).unlink()
    select(panel, opened, "weight")
    qtbot.waitUntil(lambda: panel.numbers.no_plot.label.text().startswith("There is no file a.pt."))
    assert "Container" in shown_column(panel.table, 0)


def test_that_a_late_failure_of_another_tensor_is_not_shown(panel: TensorPanel, opened: CheckpointContents) -> None:
    panel.workbench.select_call(7)
    panel._not_read(opened.tensors[0], Failed((), cancelled=True))
    assert panel.numbers.words.text().startswith("256 values")
    assert panel.numbers.plot is not None
    assert panel.numbers.plot.isVisible()


def test_that_cancelling_stops_the_reading_and_a_new_selection_reads_again(
    panel: TensorPanel, opened: CheckpointContents, qtbot: Any
) -> None:
    select(panel, opened, "large")
    panel.jobs.cancel()
    said = "Reading the values was cancelled. Select the tensor again to read them."
    qtbot.waitUntil(lambda: panel.numbers.no_plot.label.text() == said or panel.numbers.words.isVisible())
    panel.workbench.select_call(7)
    select(panel, opened, "large")
    qtbot.waitUntil(lambda: panel.numbers.words.text().startswith("3,000,000 values"))


def test_that_statistics_of_the_file_before_are_not_those_of_the_next_one(
    panel: TensorPanel, opened: CheckpointContents, qtbot: Any
) -> None:
    select(panel, opened, "weight")
    torch.save({"model": {"weight": torch.full((3, 4), 2.0)}}, Path(opened.path).with_name("b.pt"))
    panel.workbench.set_checkpoint(replace(opened, path=str(Path(opened.path).with_name("b.pt"))))
    assert not panel.jobs.runs("tensor-values")
    qtbot.waitUntil(lambda: not panel.jobs._lanes)
    assert panel._readings == {}


def test_that_the_numbers_can_be_filtered_and_copied(panel: TensorPanel) -> None:
    panel.workbench.select_call(7)
    panel.focus_filter()
    panel.table.filter.setText("zeros")
    assert panel.copy_rows() == "Zeros\t128 (50 %)"


def test_that_the_plot_follows_the_theme(panel: TensorPanel, qapp: QApplication) -> None:
    panel.workbench.select_call(7)
    theme.apply_theme(qapp, "dark")
    qapp.processEvents()
    assert panel.numbers.plot.plot.backgroundBrush().color() == panel.palette().base().color()
    assert panel.numbers.plot.plot.backgroundBrush().color().lightness() < 60
    assert panel.numbers.plot.plot.getAxis("left").textPen().color() == panel.palette().text().color()


def test_that_pyqtgraph_waits_for_the_first_plot() -> None:
    code = "import sys, torchloupe.gui.tensor.panel; sys.exit('pyqtgraph' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"], check=False).returncode == 0
