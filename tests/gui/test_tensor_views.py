"""The views of a tensor's values in the panel: values, heat map, filters, singular values."""

from typing import Any

import pytest
import torch
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from checkpoints.saved_state import saved
from gui import panel_data
from gui.panel_data import QuietSession, open_panel, run_well, shown_column, stats
from torchloupe.gui import theme
from torchloupe.gui.tensor import singular_view, value_table
from torchloupe.gui.tensor.colors import INF_CODE, NAN_CODE, color_table
from torchloupe.gui.tensor.filter_grid import FilterGrid
from torchloupe.gui.tensor.heat_map import HeatMap
from torchloupe.gui.tensor.panel import TensorPanel
from torchloupe.gui.tensor.singular_view import SingularView
from torchloupe.gui.tensor.value_table import ValueTable, full_text, short_text
from torchloupe.gui.tensor.views import CHANNELS, FILTERS, HEAT_MAP, HISTOGRAM, LINE_PLOT, MAP_GRID, SINGULAR, VALUES
from torchloupe.wire.contents import CheckpointContents
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.requests import Failed, FetchedStats, FetchedValues, FetchStats, FetchValues

FLOW_VIEWS = MAP_GRID, LINE_PLOT, CHANNELS


@pytest.fixture
def session() -> QuietSession:
    return QuietSession({FetchStats: lambda message: FetchedStats(message.key, stats(1280))})


@pytest.fixture
def panel(qtbot: Any, session: QuietSession) -> TensorPanel:
    made: TensorPanel = open_panel(qtbot, TensorPanel, session)
    run_well(made.workbench)
    return made


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> CheckpointContents:
    """A checkpoint with tensors of many kinds."""
    bad = torch.ones(4, 6)
    bad[0, 0], bad[1, 1] = float("nan"), float("inf")
    state = {
        "weight": torch.arange(12.0).view(3, 4),
        "tall": torch.arange(300.0 * 3).view(300, 3),
        "wide": torch.randn(4, 1100),
        "pointwise": torch.ones(2, 3, 1, 1),
        "cube": torch.arange(60).view(3, 4, 5),
        "bias": torch.arange(2500.0),
        "scalar": torch.tensor(5),
        "kernel": torch.randn(6, 3, 3, 3),
        "many": torch.randn(70, 2, 3, 3),
        "bad": bad,
        "truth": torch.eye(3) > 0,
        "waves": torch.tensor([[1.5 - 2j, 3 + 0.25j]]),
        "empty": torch.zeros(0, 4),
        "sparse": torch.eye(2).to_sparse(),
    }
    return saved(tmp_path_factory.mktemp("views") / "a.pt", state)


class Look:
    """Chooses a tensor and a view, and waits until it is there."""

    def __init__(self, panel: TensorPanel, contents: CheckpointContents, qtbot: Any) -> None:
        self.panel, self.contents, self.qtbot = panel, contents, qtbot

    def at(self, key: str, view: int) -> Any:
        self.panel.workbench.select_stored(next(tensor for tensor in self.contents.tensors if tensor.key == key))
        self.panel.views.show_view(view)
        return self.ready()

    def ready(self) -> Any:
        self.qtbot.waitUntil(lambda: not self.panel.jobs.busy)
        return self.panel.views.current


@pytest.fixture
def look(panel: TensorPanel, contents: CheckpointContents, qtbot: Any) -> Look:
    panel.workbench.set_checkpoint(contents)
    return Look(panel, contents, qtbot)


def says(view: Any) -> str:
    """The sentence in place of the content, empty when the content is shown."""
    return view.said.label.text() if view.said.isVisible() else ""


def texts(view: ValueTable) -> list[list[str]]:
    model = view.model
    return [[model.index(row, column).data() for column in range(model.columnCount())] for row in range(model.rowCount())]


def numbers(view: ValueTable, orientation: Qt.Orientation) -> list[str]:
    count = view.model.columnCount() if orientation == Qt.Orientation.Horizontal else view.model.rowCount()
    return [view.model.headerData(section, orientation) for section in range(count)]


# tabs


@pytest.mark.parametrize(
    ("key", "hidden"),
    [
        ("weight", {FILTERS, *FLOW_VIEWS}),
        ("kernel", {*FLOW_VIEWS}),
        ("bias", {FILTERS, SINGULAR, *FLOW_VIEWS}),
        ("pointwise", {FILTERS, *FLOW_VIEWS}),
        ("scalar", {FILTERS, SINGULAR, *FLOW_VIEWS}),
    ],
)
def test_that_a_view_that_does_not_fit_has_no_tab(look: Look, key: str, hidden: set[int]) -> None:
    look.at(key, HISTOGRAM)
    tabs = look.panel.views.tabs
    assert {number for number in range(tabs.count()) if not tabs.isTabVisible(number)} == hidden


def test_that_the_chosen_view_comes_back_with_the_next_tensor_that_it_fits(look: Look) -> None:
    assert isinstance(look.at("kernel", FILTERS), FilterGrid)
    assert look.at("weight", FILTERS) is None
    assert look.panel.table.isVisible()
    look.panel.workbench.select_stored(next(tensor for tensor in look.contents.tensors if tensor.key == "many"))
    assert isinstance(look.ready(), FilterGrid)


def test_that_views_can_be_reached_with_the_keyboard(look: Look, qtbot: Any) -> None:
    look.at("kernel", HISTOGRAM)
    look.panel.views.tabs.setFocus()
    for expected in (ValueTable, HeatMap, SingularView, FilterGrid):
        qtbot.keyClick(look.panel.views.tabs, Qt.Key.Key_Right)
        assert isinstance(look.ready(), expected)


def test_that_a_view_that_nobody_sees_reads_nothing(look: Look, qtbot: Any) -> None:
    view = look.at("weight", VALUES)
    look.panel.hide()
    look.panel.workbench.select_stored(next(tensor for tensor in look.contents.tensors if tensor.key == "cube"))
    assert not look.panel.jobs.runs(view._tag)
    look.panel.show()
    look.ready()
    assert texts(view)[0] == ["0", "1", "2", "3", "4"]


def test_that_reading_stops_when_the_checkpoint_is_closed(look: Look) -> None:
    view = look.at("weight", HEAT_MAP)
    view.slice.field.setText("1:, 2:")
    assert look.panel.jobs.busy
    look.panel.workbench.set_checkpoint(None)
    assert not look.panel.jobs.busy
    look.qtbot.waitUntil(lambda: not look.panel.jobs._lanes)
    assert view.source is None


def test_that_only_counts_can_be_logarithmic(look: Look) -> None:
    look.at("weight", VALUES)
    assert not look.panel.logarithmic.isVisible()
    look.panel.views.show_view(HISTOGRAM)
    assert look.panel.logarithmic.isVisible()


# values


def test_that_values_are_numbered_as_in_the_tensor(look: Look) -> None:
    view = look.at("weight", VALUES)
    assert texts(view) == [["0", "1", "2", "3"], ["4", "5", "6", "7"], ["8", "9", "10", "11"]]
    view.slice.field.setText("1:, ::2")
    look.ready()
    assert texts(view) == [["4", "6"], ["8", "10"]]
    assert numbers(view, Qt.Orientation.Horizontal) == ["0", "2"]
    assert numbers(view, Qt.Orientation.Vertical) == ["1", "2"]
    tip = view.model.index(1, 1).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "[2, 2]  10"


def test_that_a_step_in_a_leading_dimension_reads_another_slice(look: Look, qtbot: Any) -> None:
    view = look.at("cube", VALUES)
    assert len(view.slice.steppers) == 1
    qtbot.keyClick(view.slice.steppers[0], Qt.Key.Key_Up)
    look.ready()
    assert view.slice.field.text() == "1, :, :"
    assert texts(view)[0] == ["20", "21", "22", "23", "24"]
    view.slice.field.setText("2, 3")
    look.ready()
    assert view.slice.steppers[0].value() == 2
    assert [row[0] for row in texts(view)] == ["55", "56", "57", "58", "59"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (":, :, :", "✖ This leaves 3 dimensions; two are shown."),
        ("7", "✖ 7 in '7' is outside a dimension of 3."),
        ("a", "✖ 'a' in 'a' is no whole number."),
        ("0, 2:2, :", "✖ This slice is empty."),
    ],
)
def test_that_a_wrong_index_is_said_while_it_is_typed_and_the_old_values_stay(look: Look, text: str, reason: str) -> None:
    view = look.at("cube", VALUES)
    view.slice.field.setText(text)
    assert view.slice.reason.text() == reason
    assert view.slice.reason.isVisible()
    assert texts(view)[0][0] == "0"
    view.slice.field.setText("1")
    look.ready()
    assert not view.slice.reason.isVisible()
    assert texts(view)[0][0] == "20"


def test_that_a_large_slice_is_cut_and_says_so(look: Look) -> None:
    view = look.at("tall", VALUES)
    assert view.model.rowCount() == value_table.MOST
    assert view.note.text() == "The first 200 of each are shown of 300 rows and 3 columns. Write a range to see others."
    view.slice.field.setText("200:, :")
    look.ready()
    assert (view.model.rowCount(), view.note.isVisible()) == (100, False)


def test_that_a_vector_is_one_column(look: Look) -> None:
    view = look.at("bias", VALUES)
    assert (view.model.rowCount(), view.model.columnCount()) == (value_table.MOST_STANDING, 1)
    assert numbers(view, Qt.Orientation.Horizontal) == [""]
    assert numbers(view, Qt.Orientation.Vertical)[:2] == ["0", "1"]
    assert "2,500 values" in view.note.text()


def test_that_numbers_alone_truths_and_complex_values_are_shown(look: Look) -> None:
    assert texts(look.at("scalar", VALUES)) == [["5"]]
    assert texts(look.at("truth", VALUES))[0] == ["True", "False", "False"]
    assert texts(look.at("waves", VALUES)) == [["1.5-2j", "3+0.25j"]]


def test_that_nan_and_inf_stand_out(look: Look) -> None:
    view = look.at("bad", VALUES)
    assert texts(view)[0][0] == "nan"
    colors = [view.model.index(row, row).data(Qt.ItemDataRole.ForegroundRole) for row in range(3)]
    assert colors == [theme.color("error"), theme.color("error"), None]


def test_that_values_are_copied_with_all_digits(look: Look) -> None:
    view = look.at("weight", VALUES)
    assert look.panel.copy_rows() == "0\t1\t2\t3\n4\t5\t6\t7\n8\t9\t10\t11"
    view.view.setSelectionMode(view.view.SelectionMode.MultiSelection)
    for place in ((0, 1), (2, 3)):
        view.view.selectionModel().select(view.model.index(*place), view.view.selectionModel().SelectionFlag.Select)
    assert look.panel.copy_rows() == "1\t\n\t11"


@pytest.mark.parametrize(
    ("value", "dtype", "short", "full"),
    [
        (0.1, "float64", "0.1", "0.1"),
        (1 / 3, "float64", "0.3333", "0.3333333333333333"),
        (1 / 3, "float32", "0.3333", "0.333333333"),
        (1 << 60, "int64", "1152921504606846976", "1152921504606846976"),
        (float("-inf"), "float16", "-inf", "-inf"),
        ("1.23456-2j", "complex64", "1.235-2j", "1.23456-2j"),
        (True, "bool", "True", "True"),
    ],
)
def test_that_a_value_has_a_short_and_a_full_text(value: Any, dtype: str, short: str, full: str) -> None:
    assert (short_text(value, dtype), full_text(value, dtype)) == (short, full)


def test_that_the_table_of_values_obeys_qt(look: Look, qtmodeltester: Any) -> None:
    view = look.at("weight", VALUES)
    qtmodeltester.check(view.model, force_py=False)


@pytest.mark.parametrize("view", [VALUES, HEAT_MAP])
def test_that_a_tensor_without_values_says_so(look: Look, view: int) -> None:
    shown = look.at("empty", view)
    assert says(shown) == "It has no values."


@pytest.mark.parametrize("view", [VALUES, HEAT_MAP, SINGULAR])
def test_that_what_cannot_be_decoded_without_a_worker_is_one_sentence(look: Look, view: int) -> None:
    shown = look.at("sparse", view)
    assert says(shown) == "The worker was killed. Restart it."
    assert not shown.said.button.isVisible()
    assert says(look.at("weight", view)) == ""


def test_that_ctrl_f_goes_to_the_slice(look: Look) -> None:
    view = look.at("weight", VALUES)
    look.panel.focus_filter()
    assert view.slice.field.hasFocus()
    assert view.slice.field.selectedText() == ":, :"


# heat map


def center(view: HeatMap, row: int, column: int) -> QPoint:
    """The middle of a cell on the canvas."""
    inside, picture = view.canvas.image_rect(), view.picture
    assert picture is not None
    x = inside.left() + (column + 0.5) * inside.width() / picture.width
    return QPoint(round(x), round(inside.top() + (row + 0.5) * inside.height() / picture.height))


def drawn(view: HeatMap) -> QImage:
    return view.canvas.grab().toImage()


def test_that_a_picture_arrives_while_something_wrong_is_typed(look: Look) -> None:
    view = look.at("weight", HEAT_MAP)
    view.slice.field.setText("1:, 2:")
    view.slice.field.setText("1:, nonsense")
    look.ready()
    view.canvas.pointed.emit(0, 0)
    assert view.readout.text() == "[1, 2]  6"


def test_that_a_heat_map_is_drawn_in_the_colours_of_its_values(look: Look) -> None:
    view = look.at("weight", HEAT_MAP)
    assert view.note.text() == "3 x 4 values. Colours reach ±10.89, values from 0 to 11."
    zero, largest = (drawn(view).pixelColor(center(view, *place)) for place in ((0, 0), (2, 3)))
    assert zero == QColor.fromRgb(color_table()[127])
    assert largest == QColor.fromRgb(color_table()[253])


def test_that_nan_and_inf_have_colours_of_their_own_and_a_legend(look: Look) -> None:
    view = look.at("bad", HEAT_MAP)
    nan, inf = (drawn(view).pixelColor(center(view, number, number)) for number in (0, 1))
    assert (nan, inf) == (QColor.fromRgb(color_table()[NAN_CODE]), QColor.fromRgb(color_table()[INF_CODE]))
    assert len({*color_table()[1:]}) >= 250
    assert (view.picture.nan, view.picture.inf) == (1, 1)
    assert view.canvas.image_rect().bottom() < view.canvas.height() - view.canvas.fontMetrics().height()


def test_that_the_mouse_reads_a_value(look: Look, qtbot: Any) -> None:
    view = look.at("weight", HEAT_MAP)
    assert view.readout.text() == "Point at a cell to read its value."
    qtbot.mouseMove(view.canvas, center(view, 1, 2))
    qtbot.waitUntil(lambda: view.readout.text() == "[1, 2]  6")
    view.slice.field.setText("2:, 1:")
    look.ready()
    qtbot.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=center(view, 0, 1))
    assert view.readout.text() == "[2, 2]  10"
    assert view.canvas.cell_at(QPoint(0, 0)) is None


def test_that_the_arrow_keys_read_values_and_stop_at_the_edge(look: Look, qtbot: Any) -> None:
    view = look.at("bad", HEAT_MAP)
    read = []
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_A):
        qtbot.keyClick(view.canvas, key)
        read.append(view.readout.text())
    assert read == ["[0, 0]  NaN", "[0, 0]  NaN", "[1, 0]  1", "[1, 1]  Inf", "[1, 2]  1", "[1, 2]  1"]


def test_that_a_large_matrix_is_reduced_to_blocks_and_says_how(look: Look) -> None:
    view = look.at("wide", HEAT_MAP)
    assert "4 x 1,100 values; each cell is the mean of 1 x 3." in view.note.text()
    view.canvas._point((2, 5))
    assert view.readout.text().startswith("[2, 15] to [2, 17]  mean ")
    assert view.how.isEnabled()
    view.how.setCurrentIndex(1)
    view.how.activated.emit(1)
    look.ready()
    assert "each cell is the value furthest from zero of 1 x 3." in view.note.text()
    view.canvas._point((3, 366))
    assert view.readout.text().startswith("[3, 1098] to [3, 1099]  furthest from zero ")


def test_that_nothing_is_reduced_when_every_value_has_a_cell(look: Look) -> None:
    assert not look.at("weight", HEAT_MAP).how.isEnabled()


def test_that_a_vector_and_a_number_alone_are_drawn(look: Look) -> None:
    assert look.at("bias", HEAT_MAP).picture.height == 1
    view = look.at("scalar", HEAT_MAP)
    view.canvas._point((0, 0))
    assert view.readout.text() == "[]  5"


def test_that_the_colours_follow_the_theme(look: Look, qapp: QApplication) -> None:
    view = look.at("weight", HEAT_MAP)
    light = drawn(view).pixelColor(center(view, 0, 0))
    theme.apply_theme(qapp, "dark")
    qapp.processEvents()
    dark = drawn(view).pixelColor(center(view, 0, 0))
    assert (light.lightness() > 230, dark.lightness() < 40) == (True, True)


def test_that_cells_are_copied_as_a_table(look: Look) -> None:
    look.at("weight", HEAT_MAP)
    assert look.panel.copy_rows().splitlines()[1] == "4\t5\t6\t7"


# filters


def test_that_three_channels_are_drawn_as_colours_or_one_by_one(look: Look) -> None:
    view = look.at("kernel", FILTERS)
    assert view.tiles.is_rgb
    assert (view.where.text(), view.channel.isVisible(), view.back.isVisible()) == ("6 filters", False, False)
    view.mode.setCurrentIndex(1)
    view.mode.activated.emit(1)
    look.ready()
    assert not view.tiles.is_rgb
    assert view.channel.isVisible()
    assert "colours reach ±" in view.note.text()


def test_that_many_filters_are_shown_a_page_at_a_time(look: Look, qtbot: Any) -> None:
    view = look.at("many", FILTERS)
    assert (view.where.text(), len(view.tiles.numbers), view.mode.isVisible()) == ("filters 1 to 64 of 70", 64, False)
    assert not view.back.isEnabled()
    qtbot.mouseClick(view.forward, Qt.MouseButton.LeftButton)
    look.ready()
    assert (view.where.text(), view.tiles.numbers) == ("filters 65 to 70 of 70", tuple(range(64, 70)))
    assert (view.back.isEnabled(), view.forward.isEnabled()) == (True, False)
    view.order.setCurrentIndex(1)
    view.order.activated.emit(1)
    look.ready()
    assert view.tiles.norms == tuple(sorted(view.tiles.norms, reverse=True))
    assert view.where.text().startswith("filters 1 to 64")


def test_that_another_input_channel_is_another_page(look: Look) -> None:
    view = look.at("many", FILTERS)
    first = view.tiles.images
    assert view.channel.maximum() == 1
    view.channel.setValue(1)
    look.ready()
    assert view.tiles.images != first


def test_that_filters_do_not_overlap_and_all_of_them_fit(look: Look) -> None:
    view = look.at("many", FILTERS)
    rects = [view.canvas.tile_rect(at) for at in range(64)]
    assert all(not one.intersects(other) for at, one in enumerate(rects) for other in rects[:at])
    assert all(view.canvas.rect().contains(rect) for rect in rects)


def test_that_the_mouse_reads_number_and_norm(look: Look, qtbot: Any) -> None:
    view = look.at("kernel", FILTERS)
    qtbot.mouseMove(view.canvas, view.canvas.tile_rect(4).center())
    qtbot.waitUntil(lambda: view.note.text().startswith("Filter 4: norm "))
    assert look.panel.copy_rows().splitlines()[4].startswith("4\t")


def test_that_filters_are_drawn_in_both_themes(look: Look, qapp: QApplication) -> None:
    view = look.at("many", FILTERS)
    light = view.canvas.grab().toImage()
    theme.apply_theme(qapp, "dark")
    qapp.processEvents()
    assert view.canvas.grab().toImage() != light


# singular values


def test_that_singular_values_are_plotted_and_listed(look: Look) -> None:
    view = look.at("weight", SINGULAR)
    facts = dict(zip(shown_column(view.table, 0), shown_column(view.table, 1), strict=True))
    wanted = torch.linalg.svdvals(torch.arange(12.0).view(3, 4))
    assert facts["Matrix"] == "3 x 4"
    assert facts["Largest"] == facts["σ 1"] == f"{wanted[0]:.4g}"
    assert len(view.plot.curve.getData()[0]) == 3
    assert look.panel.copy_rows().startswith("Matrix\t3 x 4\nLargest\t")


def test_that_the_plot_of_singular_values_follows_the_theme(look: Look, qapp: QApplication) -> None:
    view = look.at("weight", SINGULAR)
    theme.apply_theme(qapp, "dark")
    qapp.processEvents()
    assert view.plot.plot.backgroundBrush().color() == view.plot.palette().base().color()


def test_that_a_matrix_with_nan_has_no_singular_values(look: Look) -> None:
    assert says(look.at("bad", SINGULAR)).startswith("It holds NaN or Inf, so it has no singular values.")


def test_that_a_large_matrix_waits_for_a_button(look: Look, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(singular_view, "AT_ONCE", 10)
    view = look.at("weight", SINGULAR)
    assert "cannot be cancelled" in says(view)
    qtbot.mouseClick(view.said.button, Qt.MouseButton.LeftButton)
    look.ready()
    assert says(view) == ""
    assert view.table.isVisible()


# where there are no values, and live ones


def test_that_a_lazy_parameter_has_no_values(panel: TensorPanel) -> None:
    tree = ModuleTree(panel_data.tree().modules, (panel_data.parameter("lazy.weight", None),))
    panel.workbench.set_model(panel_data.opened(tree=tree))
    panel.workbench.select_parameter("lazy.weight")
    panel.views.show_view(VALUES)
    view = panel.views.current
    assert view is not None
    assert says(view).startswith("A lazy parameter has no values")
    assert not view.controls.isVisible()


class LiveSession(QuietSession):
    """Sends the blob of ones that was asked for."""

    def ask(self, message: Any, on_event: Any = None) -> Any:
        if isinstance(message, FetchValues):
            self.asked.append(message)
            on_event(None, (torch.full((10, 128), float(len(self.asked))).numpy().tobytes(),))
            return FetchedValues(message.key, (10, 128), "float32")
        return super().ask(message, on_event)


def test_that_a_parameter_of_the_model_has_the_same_views(qtbot: Any, session: QuietSession) -> None:
    live = LiveSession(session.answers)
    panel = open_panel(qtbot, TensorPanel, live)
    run_well(panel.workbench)
    panel.views.show_view(VALUES)
    panel.workbench.select_parameter("head.fc2.weight")
    view = panel.views.current
    qtbot.waitUntil(lambda: view.model.rowCount() == 10)
    assert FetchValues("head.fc2.weight", "0:10, 0:128") in live.asked
    before = texts(view)[0][0]
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.select_parameter("head.fc2.weight")
    qtbot.waitUntil(lambda: not panel.jobs.busy)
    assert texts(view)[0][0] != before, "another model has other values"


def test_that_a_dead_worker_is_one_sentence(panel: TensorPanel, qtbot: Any) -> None:
    panel.views.show_view(VALUES)
    panel.workbench.select_parameter("head.fc2.weight")
    qtbot.waitUntil(lambda: says(panel.views.current) == "The worker was killed. Restart it.")


def test_that_a_cancelled_reading_can_be_started_again(look: Look, qtbot: Any) -> None:
    view = look.at("weight", VALUES)
    view._failed(view._wanted, Failed((), cancelled=True))
    assert says(view) == "Reading the values was cancelled."
    qtbot.mouseClick(view.said.button, Qt.MouseButton.LeftButton)
    look.ready()
    assert says(view) == ""


def test_that_a_late_answer_is_not_shown(look: Look) -> None:
    view = look.at("weight", VALUES)
    late = view._wanted
    look.at("cube", VALUES)
    view._failed(late, Failed((), cancelled=True))
    view._done(late, None)
    assert says(view) == ""
    assert len(texts(view)) == 4
