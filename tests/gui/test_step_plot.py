"""The plots of the Step tab: what is drawn, what a click and a key choose, how they follow the selection."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt

from gui import panel_data
from gui.conftest import PATIENCE_MS
from gui.panel_data import open_panel
from gui.test_stepping import MOTIONS, REPORT, motion
from torchloupe.analysis.step.motion_series import LOSS, MEANT, SERIES_BY_NAME, STILL, UPDATES
from torchloupe.gui import theme
from torchloupe.gui.motion_plot import FEW, FROM_ZERO, MotionPlot
from torchloupe.gui.motion_points import MOST
from torchloupe.gui.step.moments_plot import MOST_LINES, MomentsPlot
from torchloupe.gui.step.panel import StepPanel
from torchloupe.wire.steps import BufferMotion, StepMoment

SEVERAL = replace(
    REPORT,
    moments=tuple(StepMoment(3.0 - number, (None, 1e-3, None, 0.1 + 0.1 * number, 1e-6), (None,) * 5) for number in range(4)),
    buffers=(BufferMotion("encoder.norm.running_mean", True, update_ratio=0.5),),
)


@pytest.fixture
def plot(qtbot: Any) -> MotionPlot:
    plot = MotionPlot("the step", "parameters", lambda number: MOTIONS[number].key)
    qtbot.addWidget(plot)
    plot.resize(700, 260)
    plot.show()
    plot.show_motions(MOTIONS, SERIES_BY_NAME["update"])
    return plot


def labels(plot: MotionPlot) -> list[str]:
    return [item.toPlainText() for item in plot._labels]


def place_of(plot: MotionPlot, number: int) -> QPointF:
    return plot.plot.getViewBox().mapViewToScene(QPointF(number, plot.floor + 0.5))


def test_that_each_weight_that_moved_has_a_stem_of_its_height(plot: MotionPlot) -> None:
    x, y = plot.stems.getData()
    assert list(x) == [1, 1, 3, 3, 4, 4]
    assert list(y[1::2]) == pytest.approx([-3.0, -0.30103, -6.0])
    assert len(plot.dots.data) == 3


def test_that_those_that_did_not_move_are_a_field_with_their_reason_and_a_shape(plot: MotionPlot) -> None:
    assert labels(plot) == ["✖ detached", "– frozen"]
    assert [list(field.opts["x0"]) for field in plot.fields.values()] == [[1.55], [-0.45]]
    assert [plot.marks[state].getData()[0].tolist() for state in (STILL, MEANT)] == [[2.0], [0.0]]
    assert [plot.marks[state].opts["symbol"] for state in (STILL, MEANT)] == ["x", "o"]


def test_that_thousands_of_stretches_are_as_many_items_as_two(plot: MotionPlot) -> None:
    few = len(plot.plot.items())
    many = [motion(f"w{number}", *((None, "requires-grad-false") if number % 2 else (1e-3,))) for number in range(2000)]
    plot.show_motions(many, SERIES_BY_NAME["update"])
    assert len(plot.fields[MEANT].opts["x0"]) == 1000
    assert len(plot.plot.items()) < few + 50  # labels, where there is room


def test_that_a_weight_from_zero_is_marked_at_the_top(plot: MotionPlot) -> None:
    plot.show_motions([motion("a", 1e-3), replace(motion("b", 1e-3), update_ratio=None)], SERIES_BY_NAME["update"])
    x, y = plot.marks[FROM_ZERO].getData()
    assert list(x) == [1]
    assert plot.top - 0.5 < y[0] < plot.top


def test_that_labels_never_lie_on_each_other(plot: MotionPlot) -> None:
    plot.resize(160, 200)
    plot.show_motions([motion(str(number), None, f"reason-{number}") for number in range(30)], SERIES_BY_NAME["update"])
    spans = sorted((item.sceneBoundingRect().left(), item.sceneBoundingRect().right()) for item in plot._labels)
    assert spans
    assert all(right <= left + 1 for (_, right), (left, _) in zip(spans, spans[1:], strict=False))


def test_that_the_band_that_is_usual_is_there_for_updates_alone(plot: MotionPlot) -> None:
    assert plot.band.isVisible()
    assert list(plot.band.getRegion()) == [-4.0, -2.0]
    for name in ("gradient", "changed"):
        plot.show_motions(MOTIONS, SERIES_BY_NAME[name])
        assert not plot.band.isVisible()
    assert (plot.floor, plot.top) == (0.0, 1.0)


def test_that_a_parameter_is_found_under_the_mouse_and_chosen_by_a_click(plot: MotionPlot, qtbot: Any) -> None:
    assert plot.number_at(place_of(plot, 3)) == 3
    assert plot.number_at(QPointF(-50, -50)) is None
    at = plot.plot.mapFromScene(place_of(plot, 2))
    with qtbot.waitSignal(plot.chosen) as chosen:
        qtbot.mouseClick(plot.plot.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert chosen.args == [2]


def test_that_the_arrow_keys_walk(plot: MotionPlot, qtbot: Any) -> None:
    steps: list[int] = []
    plot.stepped.connect(steps.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_A):
        qtbot.keyClick(plot, key)
    assert steps[:2] == [1, -1]
    assert steps[2] < -1000 < 1000 < steps[3]
    assert len(steps) == 4


def test_that_the_selected_one_is_marked_and_brought_into_sight(plot: MotionPlot) -> None:
    many = [motion(f"w{number}") for number in range(500)]
    plot.show_motions(many, SERIES_BY_NAME["update"])
    plot.plot.setXRange(0, 20, padding=0)
    plot.show_current(300)
    (first, last), _ = plot.plot.getViewBox().viewRange()
    assert first < 300 < last
    assert plot.mark.value() == 300
    plot.show_current(None)
    assert not plot.mark.isVisible()


def test_that_ten_thousand_parameters_are_drawn_without_a_dot_each(plot: MotionPlot) -> None:
    many = [
        motion(f"w{number}", None if number % 1000 == 7 else 1e-3, "detached" if number % 1000 == 7 else "")
        for number in range(10_000)
    ]
    plot.show_motions(many, SERIES_BY_NAME["update"])
    assert len(plot.dots.data) == 0
    assert len(plot.marks[STILL].data) == 10


def test_that_what_is_drawn_is_a_table_too(plot: MotionPlot) -> None:
    table = plot.numbers()
    assert table.titles == ("Parameter", "Moved", "Update / weight")
    assert table.rows[1:3] == [["encoder.conv1.bias", "0.001", "0.001"], ["head.fc1.weight", "detached", ""]]


def test_that_motions_that_arrive_are_drawn_together(plot: MotionPlot, qtbot: Any) -> None:
    plot.take({2: replace(MOTIONS[2], moved=True, reason="", update_ratio=1e-2)})
    plot.take({0: replace(MOTIONS[0], moved=True, reason="", update_ratio=1e-1)})
    qtbot.waitUntil(lambda: list(plot.stems.getData()[0][::2]) == [0, 1, 2, 3, 4], timeout=PATIENCE_MS)
    assert labels(plot) == []
    assert plot.numbers().rows[2] == ["head.fc1.weight", "0.01", "0.01"]


def test_that_very_many_are_drawn_as_far_as_they_can_be_told_apart(plot: MotionPlot) -> None:
    plot.show_motions([motion(f"w{number}", 1e-3 * (1 + number % 7)) for number in range(20_000)], SERIES_BY_NAME["update"])
    assert len(plot.stems.getData()[0]) <= 2 * (MOST + 2)
    plot.plot.setXRange(100, 100 + FEW // 2, padding=0)
    assert len(plot.dots.data) >= FEW // 2


@pytest.mark.parametrize("motions", [(), [motion("w", None, "")], [motion("w", 1e-3)] * 2])
def test_that_nothing_and_little_can_be_drawn(plot: MotionPlot, motions: Any) -> None:
    for name in SERIES_BY_NAME:
        plot.show_motions(motions, SERIES_BY_NAME[name])
        assert plot.floor < plot.top


def test_that_another_theme_is_followed(plot: MotionPlot, qapp: Any) -> None:
    light = plot.stems.opts["pen"].color().name()
    theme.apply_theme(qapp, "dark")
    try:
        plot.follow_theme()
        assert plot.stems.opts["pen"].color().name() != light
    finally:
        theme.apply_theme(qapp, "light")


# over the steps


@pytest.fixture
def moments(qtbot: Any) -> MomentsPlot:
    plot = MomentsPlot("the steps")
    qtbot.addWidget(plot)
    plot.show()
    return plot


def test_that_the_loss_is_a_line_over_the_steps(moments: MomentsPlot) -> None:
    moments.show_report(SEVERAL, LOSS)
    x, y = moments.line.getData()
    assert (list(x), list(y)) == ([1, 2, 3, 4], [3.0, 2.0, 1.0, 0.0])
    assert not moments.band.isVisible()


def test_that_every_weight_is_a_line_and_the_selected_one_stands_out(moments: MomentsPlot) -> None:
    moments.show_report(SEVERAL, UPDATES)
    assert moments.line.getData()[0] is None or not len(moments.line.getData()[0])
    moments.show_current("head.fc2.weight")
    assert list(moments.line.getData()[1]) == pytest.approx([-1.0, -0.69897, -0.52288, -0.39794], abs=1e-4)
    assert sum(height == height for height in moments.lines.getData()[1]) == 12  # three that moved, four steps
    moments.show_current("encoder.conv1.weight")  # never moved
    assert not len(moments.dots.data)


def test_that_of_very_many_some_are_drawn(moments: MomentsPlot) -> None:
    many = tuple(motion(f"w{number}") for number in range(4000))
    moment = StepMoment(1.0, (1e-3,) * 4000, (1.0,) * 4000)
    moments.show_report(replace(REPORT, parameters=many, moments=(moment, moment)), UPDATES)
    assert sum(height == height for height in moments.lines.getData()[1]) <= 2 * MOST_LINES


def test_that_steps_of_fewer_parameters_leave_gaps(moments: MomentsPlot) -> None:
    first, *others = SEVERAL.moments
    moments.show_report(replace(SEVERAL, moments=(replace(first, update_ratios=(1e-3,)), *others)), UPDATES)
    moments.show_current("head.fc2.weight")
    assert list(moments.line.getData()[0]) == [2, 3, 4]


def test_that_unknown_losses_are_left_out(moments: MomentsPlot) -> None:
    unknown = tuple(replace(each, loss=None) for each in SEVERAL.moments)
    moments.show_report(replace(SEVERAL, moments=unknown), LOSS)
    assert not len(moments.dots.data)


# in the tab


@pytest.fixture
def panel(qtbot: Any) -> Any:
    panel = open_panel(qtbot, StepPanel)
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.steps.take(SEVERAL)
    qtbot.waitUntil(lambda: panel.plot is not None, timeout=PATIENCE_MS)
    return panel


def choices(panel: Any) -> list[str]:
    return [panel.series.box.itemData(at) for at in range(panel.series.box.count())]


def test_that_the_plot_comes_with_the_first_step(panel: Any) -> None:
    assert panel.drawing.currentWidget() is panel.plot
    assert panel.plot.motions == list(REPORT.parameters)  # without the buffers, which stand in the table
    assert "encoder.norm.running_mean" in {each.key for each in panel.model.items}


def test_that_lines_over_the_steps_can_be_chosen_where_there_were_several(panel: Any) -> None:
    assert choices(panel)[-2:] == [UPDATES, LOSS]
    panel.series.box.setCurrentIndex(choices(panel).index(LOSS))
    assert panel.drawing.currentWidget() is panel.moments
    panel.workbench.steps.take(REPORT)
    assert UPDATES not in choices(panel)
    assert panel.drawing.currentWidget() is panel.plot


def test_that_plot_table_and_selection_are_one(panel: Any) -> None:
    panel.plot.chosen.emit(2)
    assert panel.workbench.selection.parameter == "head.fc1.weight"
    assert panel.plot.mark.value() == 2
    panel.plot.stepped.emit(1)
    assert panel.workbench.selection.parameter == "head.fc2.weight"
    panel.plot.stepped.emit(-(10**9))
    assert panel.workbench.selection.parameter == "encoder.conv1.weight"
    panel.workbench.select_parameter("head.fc2.bias")
    assert panel.plot.mark.value() == 4


def test_that_without_a_selection_walking_begins_at_an_end(panel: Any) -> None:
    panel.workbench.select_module("")
    panel.plot.stepped.emit(1)
    assert panel.workbench.selection.parameter == "encoder.conv1.weight"


def test_that_without_a_step_there_is_no_plot(panel: Any) -> None:
    panel.workbench.set_model(panel_data.opened())
    assert panel.drawing.isHidden()
    assert panel.controls.isHidden()
