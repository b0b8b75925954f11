"""The plot of one kind of number over the calls of a run."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui import panel_data
from gui.conftest import PATIENCE_MS
from torchloupe.analysis.depth_numbers import SERIES, SERIES_BY_NAME, DepthPoint, depth_points
from torchloupe.analysis.depth_outliers import all_outliers
from torchloupe.gui import theme
from torchloupe.gui.depth.depth_plot import DepthPlot
from torchloupe.wire.traces import LayerCall

STD, MEAN, TIME, MAX = (SERIES_BY_NAME[name] for name in ("std", "mean", "time", "max"))


def made_calls(count: int, **others: float) -> list[LayerCall]:
    """Leaf calls whose spread is near 1, that of those in ``others`` (``c5=40.0``) is another."""
    made = []
    for at in range(count):
        std = others.get(f"c{at}", 1.0 + 0.1 * (at % 3))
        made.append(
            panel_data.call(at, f"layer{at}", (2, 4), (2, 4), depth=0, stats=(panel_data.stats(8, std=std),), seconds=1e-3)
        )
    return made


def made_points(count: int, **others: float) -> list[DepthPoint]:
    return depth_points(made_calls(count, **others))


@pytest.fixture
def plot(qtbot: Any) -> DepthPlot:
    """A plot on the screen."""
    made = DepthPlot("Numbers")
    qtbot.addWidget(made)
    made.resize(700, 300)
    made.show()
    qtbot.waitUntil(lambda: made.plot.getViewBox().width() > 200, timeout=PATIENCE_MS)
    return made


def show(plot: DepthPlot, points: list[DepthPoint], series: Any = STD, earlier: Any = ()) -> None:
    """Draw all of them."""
    plot.show_points(series, points, all_outliers(points), earlier)
    plot.show_range(0, points[-1].call.index)


def drawn(plot: DepthPlot, name: str) -> list[tuple[float, float]]:
    """The points of an item, as they are drawn."""
    x, y = plot.items[name].getData()
    return [] if x is None else [(float(one), float(other)) for one, other in zip(x, y, strict=True)]


def place_of(plot: DepthPlot, number: float, height: float) -> QPointF:
    return plot.plot.getViewBox().mapViewToScene(QPointF(number, height))  # type: ignore[no-any-return]


def labels(plot: DepthPlot) -> list[str]:
    return [label.toPlainText() for label in plot.labels.items]


def test_that_a_line_goes_through_all_calls_and_few_have_dots(plot: DepthPlot) -> None:
    show(plot, made_points(30))
    assert [x for x, _ in drawn(plot, "line")] == list(range(30))
    assert drawn(plot, "line")[1][1] == pytest.approx(1.1)
    assert len(drawn(plot, "dots")) == 30
    assert drawn(plot, "bars") == []


def test_that_the_mean_has_a_band_and_nothing_else_has(plot: DepthPlot) -> None:
    points = made_points(30)
    show(plot, points, MEAN)
    assert plot.items["band"].isVisible()
    assert drawn(plot, "low")[0][1] == pytest.approx(0.0125 - 1.0)
    assert drawn(plot, "high")[0][1] == pytest.approx(0.0125 + 1.0)
    assert plot.plot.getAxis("left").labelText == "Mean ± std"
    (bottom, top) = plot.plot.getViewBox().viewRange()[1]
    assert bottom < -1.1
    assert top > 1.2
    show(plot, points)
    assert not plot.items["band"].isVisible()
    assert plot.plot.getAxis("left").labelText == "Std"


def test_that_costs_are_bars_from_the_foot(plot: DepthPlot) -> None:
    show(plot, made_points(12), TIME)
    bars = drawn(plot, "bars")
    assert len(bars) == 24
    assert {x for x, _ in bars} == set(range(12))
    assert {y for _, y in bars} == {plot.scale.low, 1e-3}
    assert drawn(plot, "line") == []


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.name)
def test_that_every_number_is_drawn_inside_the_axes_with_ticks(plot: DepthPlot, series: Any) -> None:
    points = depth_points(panel_data.good_calls(), panel_data.tree(), tuple(range(10)))
    show(plot, points, series)
    (left, right), (bottom, top) = plot.plot.getViewBox().viewRange()
    for name in ("line", "bars", "dots", "marks"):
        assert all(left <= x <= right and bottom <= y <= top for x, y in drawn(plot, name))
    assert plot.plot.getAxis("left")._tickLevels[0]


def test_that_a_low_plot_has_fewer_numbers_at_its_axis(plot: DepthPlot, qtbot: Any) -> None:
    points = made_points(30, c3=1e-3, c5=1e3, c7=1e5)
    show(plot, points, STD)
    before = len(plot.plot.getAxis("left")._tickLevels[0])
    plot.resize(700, 90)
    qtbot.waitUntil(lambda: len(plot.plot.getAxis("left")._tickLevels[0]) < before, timeout=PATIENCE_MS)
    plot.resize(700, 300)
    qtbot.waitUntil(lambda: len(plot.plot.getAxis("left")._tickLevels[0]) == before, timeout=PATIENCE_MS)


def test_that_what_stands_out_has_a_mark_by_shape_and_a_label(plot: DepthPlot) -> None:
    show(plot, made_points(60, c20=45.0, c40=0.02))
    marks = plot.items["marks"].points()
    assert [(mark.pos().x(), mark.symbol()) for mark in marks] == [(20, "t1"), (40, "t")]
    assert sorted(labels(plot)) == ["1/55", "41×"]
    roles = [mark.brush().color().name() for mark in marks]
    assert roles == [theme.color("shape").name(), theme.color("unexpected").name()]


def test_that_labels_that_would_lie_on_each_other_are_left_out_until_one_zooms_in(plot: DepthPlot) -> None:
    points = made_points(2000, c1000=90.0, c1003=95.0)
    show(plot, points)
    assert len(plot.items["marks"].points()) == 2
    assert len(labels(plot)) == 1
    plot.plot.setXRange(995, 1010, padding=0)
    assert len(labels(plot)) == 2


def test_that_the_label_of_the_furthest_wins_on_any_scale(plot: DepthPlot) -> None:
    calls = made_calls(2000)
    calls[1000], calls[1003] = replace(calls[1000], seconds=1.0), replace(calls[1003], seconds=2.0)
    show(plot, depth_points(calls), TIME)
    assert plot.scale.logarithmic
    assert labels(plot) == ["40 %"]
    show(plot, made_points(2000, c1000=0.002, c1003=0.001))
    assert labels(plot) == ["1/1,100"]


def test_that_a_label_at_an_edge_stays_inside_the_plot(plot: DepthPlot) -> None:
    show(plot, made_points(60, c0=45.0, c59=50.0))
    plot.grab()  # texts take their places when they are painted
    box = plot.plot.getViewBox().sceneBoundingRect()
    assert len(plot.labels.items) == 2
    for label in plot.labels.items:
        place = label.mapRectToScene(label.boundingRect())
        assert box.left() <= place.left() + 1
        assert place.right() - 1 <= box.right()


def test_that_nan_is_a_cross_in_the_colour_of_errors(plot: DepthPlot) -> None:
    calls = made_calls(20)
    calls[4] = replace(calls[4], stats=(panel_data.stats(8, nan=3),))
    show(plot, depth_points(calls), SERIES_BY_NAME["nan"])
    (mark,) = plot.items["marks"].points()
    assert (mark.pos().x(), mark.symbol()) == (4, "x")
    assert mark.brush().color().name() == theme.color("error").name()
    assert labels(plot) == ["NaN"]
    show(plot, depth_points(calls), MAX)
    assert labels(plot) == ["NaN"]  # seen in all values
    show(plot, depth_points(calls), TIME)
    assert labels(plot) == []


def test_that_an_earlier_run_is_a_second_line_at_the_places_of_the_same_calls(plot: DepthPlot) -> None:
    earlier = depth_points([replace(call, index=call.index + 7) for call in made_calls(10, c3=2.0)])
    show(plot, made_points(12), STD, earlier)
    assert [x for x, _ in drawn(plot, "earlier")] == list(range(10))
    assert drawn(plot, "earlier")[3][1] == pytest.approx(2.0)
    assert plot.items["earlier"].opts["pen"].style() == Qt.PenStyle.DashLine
    show(plot, made_points(12))
    assert drawn(plot, "earlier") == []


def test_that_very_many_calls_are_drawn_as_what_can_be_told_apart(plot: DepthPlot) -> None:
    show(plot, made_points(12_000, c7001=80.0))
    width = plot.plot.getViewBox().width()
    line = drawn(plot, "line")
    assert len(line) <= 2 * width + 4
    assert max(y for _, y in line) == pytest.approx(plot.scale.height(80.0))
    assert drawn(plot, "dots") == []
    plot.plot.setXRange(500, 560, padding=0)
    assert [x for x, _ in drawn(plot, "line") if 500 <= x <= 560] == list(range(500, 561))
    assert drawn(plot, "dots") != []


def test_that_the_selected_call_is_a_line_that_is_brought_into_sight(plot: DepthPlot) -> None:
    show(plot, made_points(2000))
    plot.show_current(None)
    assert not plot.mark.isVisible()
    plot.plot.setXRange(100, 200, padding=0)
    plot.show_current(150)
    assert plot.mark.value() == 150
    assert plot.plot.getViewBox().viewRange()[0] == pytest.approx([100, 200])
    plot.show_current(1500)
    assert plot.plot.getViewBox().viewRange()[0] == pytest.approx([1450, 1550])
    plot.show_current(None)
    assert not plot.mark.isVisible()


def test_that_a_click_chooses_the_call_that_is_nearest(plot: DepthPlot) -> None:
    show(plot, made_points(30, c12=3.0))
    chosen: list[int] = []
    plot.chosen.connect(chosen.append)

    class Click:
        """What the scene hands over."""

        def __init__(self, place: QPointF) -> None:
            self.place, self.accepted = place, False

        def scenePos(self) -> QPointF:
            return self.place

        def accept(self) -> None:
            self.accepted = True

    click, between, outside = (Click(place) for place in (place_of(plot, 12, 3.0), place_of(plot, 20.4, 0.5), QPointF(-50, -50)))
    for each in (click, between, outside):
        plot.plot.scene().sigMouseClicked.emit(each)
    assert chosen == [12, 20]
    assert (click.accepted, between.accepted, outside.accepted) == (True, True, False)


def test_that_among_very_many_the_one_under_the_mouse_is_meant(plot: DepthPlot) -> None:
    points = made_points(12_000, c7001=80.0)
    show(plot, points)
    height = plot.scale.height(80.0)
    assert height is not None
    found = plot.point_at(place_of(plot, 7003, height))
    assert found is points[7001]
    assert plot.point_at(QPointF(-50, -50)) is None


def test_that_hovering_says_the_call_in_words(plot: DepthPlot, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("torchloupe.gui.depth.depth_plot.QToolTip.showText", lambda _place, text, _widget: said.append(text))
    show(plot, made_points(30, c12=45.0), MEAN)
    plot.plot.scene().sigMouseMoved.emit(place_of(plot, 12, 0.0125))
    assert said[-1].splitlines()[:3] == ["12  layer12  Module", "Mean 0.0125", "Std 45"]
    assert "std 45, 41 times the median of the run" in said[-1]
    assert plot.plot.cursor().shape() == Qt.CursorShape.PointingHandCursor
    plot.plot.scene().sigMouseMoved.emit(QPointF(-50, -50))
    assert said[-1] == ""


def test_that_keys_walk_and_zoom(plot: DepthPlot) -> None:
    show(plot, made_points(1000))
    steps: list[int] = []
    plot.stepped.connect(steps.append)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End):
        QTest.keyClick(plot, key)
    assert steps[:2] == [-1, 1]
    assert steps[2] < -1000
    assert steps[3] > 1000
    plot.show_current(100)
    (first, last), _ = plot.plot.getViewBox().viewRange()
    QTest.keyClick(plot, Qt.Key.Key_Plus)
    (nearer, further), _ = plot.plot.getViewBox().viewRange()
    assert further - nearer == pytest.approx((last - first) / 2, rel=0.05)
    assert nearer <= 100 <= further
    QTest.keyClick(plot, Qt.Key.Key_Minus)
    QTest.keyClick(plot, Qt.Key.Key_Minus)
    assert plot.plot.getViewBox().viewRange()[0] == pytest.approx([first, last], rel=0.05)
    QTest.keyClick(plot, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert len(steps) == 4  # that is a command of the window


def test_that_it_has_a_name_and_shows_that_it_has_the_focus(plot: DepthPlot, qtbot: Any) -> None:
    show(plot, made_points(30))
    assert plot.accessibleName() == "Numbers"
    plot.clearFocus()
    without = plot.grab().toImage()
    plot.activateWindow()
    plot.setFocus()
    qtbot.waitUntil(plot.hasFocus, timeout=PATIENCE_MS)
    assert plot.grab().toImage().pixelColor(0, 0).name() == theme.color("highlight").name()
    assert without.pixelColor(0, 0).name() != theme.color("highlight").name()


def test_that_the_axis_of_calls_is_named_once(plot: DepthPlot) -> None:
    plot.name_calls("call")
    assert plot.plot.getAxis("bottom").labelText == "call"
    assert plot.plot.getAxis("bottom").style["showValues"]
    plot.name_calls("")
    assert not plot.plot.getAxis("bottom").style["showValues"]


def test_that_colours_are_roles_of_the_theme(plot: DepthPlot, qapp: QApplication) -> None:
    show(plot, made_points(60, c20=45.0))
    light = plot.items["line"].opts["pen"].color().name()
    assert light == theme.color("accent").name()
    theme.apply_theme(qapp, "dark")
    qapp.processEvents()
    assert plot.items["line"].opts["pen"].color().name() == theme.color("accent").name() != light
    (mark,) = plot.items["marks"].points()
    assert mark.brush().color().name() == theme.color("shape").name()


def test_that_one_call_alone_can_be_drawn(plot: DepthPlot) -> None:
    show(plot, made_points(1))
    assert len(drawn(plot, "dots")) == 1
    show(plot, made_points(1), TIME)
    assert len(drawn(plot, "bars")) == 2
