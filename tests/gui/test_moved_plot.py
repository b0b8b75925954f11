"""The plot of which weights moved."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QApplication

from gui.conftest import PATIENCE_MS
from torchloupe.analysis.state_dict_diff import KeyEntry, state_dict_diff
from torchloupe.gui import theme
from torchloupe.gui.checkpoint_pair.model import MOST_POINTS, POINTS, PairRow, pair_rows
from torchloupe.gui.checkpoint_pair.moved_plot import MovedPlot
from torchloupe.wire.values import ComparedValues, TensorDifference

HOW = TensorDifference(10, 5, 0, 0, 1.0, 1.0, 10.0, 10.0)


def made_rows(count: int) -> list[PairRow]:
    """Tensors each of which moved a little further than the one before; every tenth did not move."""
    entries = [KeyEntry(f"layer{number}.weight", (2, 2), "float32") for number in range(count)]
    made = pair_rows(state_dict_diff(entries, [*entries[:-1], KeyEntry("only.here", (9,), "float32")]))
    for row in made[: count - 1]:
        key = entries[row.number].key
        still = row.number % 10 == 0
        how = replace(HOW, changed=0, norm=0.0) if still else replace(HOW, norm=10 * 10 ** (-5 + 4 * row.number / count))
        row.take(ComparedValues(key, key, how))
    return made


@pytest.fixture
def plot(qtbot: Any) -> MovedPlot:
    """A plot on the screen."""
    made = MovedPlot(lambda row: f"row {row.number}")
    qtbot.addWidget(made)
    made.resize(700, 300)
    made.show()
    qtbot.waitUntil(lambda: made.plot.getViewBox().width() > 200, timeout=PATIENCE_MS)
    return made


def drawn(plot: MovedPlot, kind: str) -> list[tuple[float, float]]:
    """The points of a kind, as they are drawn."""
    x, y = plot.points[kind].getData()
    return [(float(one), float(other)) for one, other in zip(x, y, strict=True)]


def place_of(plot: MovedPlot, row: PairRow) -> QPointF:
    return plot.plot.getViewBox().mapViewToScene(QPointF(row.number, plot.height_of(row)))  # type: ignore[no-any-return]


def test_that_points_stand_in_file_order_as_high_as_they_moved(plot: MovedPlot) -> None:
    plot.show_rows(made_rows(30), 31)
    points = drawn(plot, "moved")
    assert [x for x, _ in points] == [number for number in range(29) if number % 10]
    assert points[0][1] == pytest.approx(-5 + 4 / 30)
    assert [y for _, y in points] == sorted(y for _, y in points)


def test_that_equal_and_unpaired_ones_stand_apart_below(plot: MovedPlot) -> None:
    plot.show_rows(made_rows(30), 31)
    lanes = plot.scale.lanes
    assert drawn(plot, "equal") == [(number, lanes["equal"]) for number in (0.0, 10.0, 20.0)]
    assert drawn(plot, "missing") == [(29.0, lanes["unpaired"])]
    assert drawn(plot, "unexpected") == [(30.0, lanes["unpaired"])]
    assert drawn(plot, "nan") == []


def test_that_rows_that_wait_are_not_drawn_and_come_later(plot: MovedPlot) -> None:
    rows = made_rows(30)
    waiting = pair_rows(state_dict_diff([row.diff.expected for row in rows[:-2] if row.diff.expected], []))
    assert len(waiting) == 29
    plot.show_rows([], 31)
    assert drawn(plot, "moved") == []
    plot.add_rows(rows[:10])
    plot.add_rows(rows[10:20])
    assert len(drawn(plot, "moved")) == 18
    assert len(drawn(plot, "equal")) == 2


def test_that_axes_are_labelled_and_every_lane_has_its_word(plot: MovedPlot) -> None:
    plot.show_rows(made_rows(30), 31)
    assert plot.plot.getAxis("left").labelText == "relative change"
    assert plot.plot.getAxis("bottom").labelText == "tensors in the order of the file"
    (ticks,) = plot.plot.getAxis("left")._tickLevels
    assert {"equal", "no pair", "NaN", "from zero", "1e-1"} <= {word for _, word in ticks}


def test_that_all_points_are_in_sight(plot: MovedPlot) -> None:
    plot.show_rows(made_rows(30), 31)
    (left, right), (bottom, top) = plot.plot.getViewBox().viewRange()
    for kind in POINTS:
        assert all(left <= x <= right and bottom <= y <= top for x, y in drawn(plot, kind))


def test_that_the_nearest_point_is_found_and_nothing_far_from_all(plot: MovedPlot) -> None:
    rows = made_rows(30)
    plot.show_rows(rows, 31)
    for row in (rows[5], rows[10], rows[29], rows[30]):
        assert plot.row_at(place_of(plot, row)) is row
        assert plot.row_at(place_of(plot, row) + QPointF(3, 3)) is row
    empty = plot.plot.getViewBox().mapViewToScene(QPointF(3, -1.2))
    assert plot.row_at(empty) is None
    assert plot.row_at(QPointF(-50, -50)) is None


def test_that_a_click_chooses_the_point_and_one_beside_nothing(plot: MovedPlot, qtbot: Any) -> None:
    rows = made_rows(30)
    plot.show_rows(rows, 31)

    class Click:
        """What the scene hands over."""

        def __init__(self, place: QPointF) -> None:
            self.place, self.accepted = place, False

        def scenePos(self) -> QPointF:
            return self.place

        def accept(self) -> None:
            self.accepted = True

    heard: list[PairRow] = []
    plot.chosen.connect(heard.append)
    click, miss = Click(place_of(plot, rows[7])), Click(QPointF(-50, -50))
    plot.plot.scene().sigMouseClicked.emit(click)
    plot.plot.scene().sigMouseClicked.emit(miss)
    assert heard == [rows[7]]
    assert (click.accepted, miss.accepted) == (True, False)


def test_that_hovering_a_point_changes_the_cursor(plot: MovedPlot) -> None:
    rows = made_rows(30)
    plot.show_rows(rows, 31)
    plot.plot.scene().sigMouseMoved.emit(place_of(plot, rows[7]))
    pointing = plot.plot.cursor().shape()
    plot.plot.scene().sigMouseMoved.emit(QPointF(-50, -50))
    assert plot.plot.cursor().shape() != pointing


def test_that_the_current_row_is_marked_until_there_is_none(plot: MovedPlot) -> None:
    rows = made_rows(30)
    plot.show_rows(rows, 31)
    assert not plot.mark.isVisible()
    plot.show_current(rows[12])
    assert plot.mark.isVisible()
    assert plot.mark.value() == 12
    plot.add_rows([])
    assert plot.mark.isVisible()  # more values do not take it away
    plot.show_current(None)
    assert not plot.mark.isVisible()


def test_that_very_many_points_are_thinned_and_come_back_when_one_zooms_in(plot: MovedPlot) -> None:
    count = 20_000
    plot.show_rows(made_rows(count), count + 1)
    assert len(drawn(plot, "moved")) <= MOST_POINTS + 2
    plot.plot.setXRange(1000, 1500, padding=0)
    shown = [x for x, _ in drawn(plot, "moved") if 1000 <= x <= 1500]
    assert shown == [number for number in range(1000, 1501) if number % 10]


def test_that_colours_are_roles_of_the_theme(plot: MovedPlot, qapp: QApplication) -> None:
    plot.show_rows(made_rows(30), 31)
    light = plot.points["equal"].opts["brush"].color().name()
    assert light == theme.color("matched").name()
    theme.apply_theme(qapp, "dark")
    qapp.processEvents()
    assert plot.points["equal"].opts["brush"].color().name() == theme.color("matched").name() != light


def test_that_one_tensor_alone_can_be_drawn(plot: MovedPlot) -> None:
    plot.show_rows(made_rows(2)[:1], 1)
    assert len(drawn(plot, "equal")) == 1
    plot.show_rows([], 0)
    assert drawn(plot, "equal") == []
