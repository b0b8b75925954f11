"""The Tensor panel on a run: what flowed in the view that fits it, its numbers, two of it compared."""

from typing import Any

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from gui.flow_worker import RUN, FlowSession, Place, run_flow
from gui.panel_data import open_panel, shown_column, stats
from torchloupe.gui import theme
from torchloupe.gui.tensor.channels_view import ChannelsView
from torchloupe.gui.tensor.heat_map import HeatMap
from torchloupe.gui.tensor.line_view import LineView
from torchloupe.gui.tensor.map_grid import MapGrid
from torchloupe.gui.tensor.panel import TensorPanel
from torchloupe.gui.tensor.value_table import ValueTable
from torchloupe.gui.tensor.views import CHANNELS, HEAT_MAP, HISTOGRAM, LINE_PLOT, MAP_GRID, VALUES
from torchloupe.wire.activations import INPUT, OUTPUT, FetchActivation, MeasureActivation
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, RunForward
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import LayerCall


def flow() -> dict[Place, torch.Tensor]:
    """What flows in a small model; a call each."""
    generator = torch.Generator().manual_seed(3)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    bad = noise(1, 2, 4, 4)
    bad[0, 0, 0, :2] = torch.tensor([torch.nan, torch.inf])
    dead = noise(2, 4, 5, 5)
    dead[:, 1], dead[:, 2] = 0.0, 2.0
    return {
        ("", 0, OUTPUT, 0): noise(2, 10),
        ("", 0, INPUT, 0): noise(2, 3, 8, 8),
        ("conv", 0, OUTPUT, 0): noise(2, 70, 8, 8),
        ("conv", 1, OUTPUT, 0): noise(2, 70, 8, 8),
        ("attn", 0, OUTPUT, 0): torch.softmax(noise(2, 4, 6, 6), -1),
        ("mlp", 0, OUTPUT, 0): noise(2, 6, 12),
        ("bias", 0, OUTPUT, 0): noise(30),
        ("loss", 0, OUTPUT, 0): torch.tensor(0.25),
        ("bad", 0, OUTPUT, 0): bad,
        ("waves", 0, OUTPUT, 0): torch.tensor([1 + 2j, 3j]),
        ("empty", 0, OUTPUT, 0): torch.zeros(0, 4),
        ("dead", 0, OUTPUT, 0): dead,
        ("flags", 0, OUTPUT, 0): noise(2, 5) > 0,
    }


INDEX = {place[:2]: at for at, place in enumerate(dict.fromkeys(place[:2] for place in flow()))}


class Look:
    """Selects a call, and waits until everything is there."""

    def __init__(self, panel: TensorPanel, session: FlowSession, qtbot: Any) -> None:
        self.panel, self.session, self.qtbot = panel, session, qtbot

    def at(self, module: str, number: int = 0, view: int | None = None) -> Any:
        self.panel.workbench.select_call(sorted(INDEX.values())[list(INDEX).index((module, number))])
        if view is not None:
            self.panel.views.show_view(view)
        return self.ready()

    def ready(self) -> Any:
        self.qtbot.waitUntil(lambda: not self.panel.jobs.busy)
        return self.panel.views.current

    def pin(self, module: str, number: int = 0) -> None:
        self.at(module, number)
        self.qtbot.mouseClick(self.panel.pin_bar.pin, Qt.MouseButton.LeftButton)
        self.ready()


@pytest.fixture
def session() -> FlowSession:
    return FlowSession(flow())


@pytest.fixture
def look(qtbot: Any, session: FlowSession) -> Look:
    panel = open_panel(qtbot, TensorPanel, session)
    run_flow(panel.workbench, session.flow)
    return Look(panel, session, qtbot)


def facts(look: Look) -> dict[str, str]:
    table = look.panel.table
    return dict(zip(shown_column(table, 0), shown_column(table, 1), strict=True))


def says(view: Any) -> str:
    return view.said.label.text() if view.said.isVisible() else ""


# numbers


def test_that_the_numbers_of_the_run_are_there_at_once_and_quantiles_follow(look: Look) -> None:
    look.panel.workbench.select_call(INDEX["mlp", 0])
    assert facts(look)["Count"] == "144"
    assert "Quantile 50 %" not in facts(look)
    look.ready()
    wanted = look.session.flow["mlp", 0, OUTPUT, 0].flatten().double().quantile(0.5).item()
    assert facts(look)["Quantile 50 %"] == f"{wanted:.4g}"
    assert look.panel.numbers.plot is not None
    assert look.panel.numbers.plot.isVisible()


def test_that_they_are_asked_for_once_and_no_value_is_fetched_for_them(look: Look) -> None:
    for module in ("mlp", "bias", "mlp"):
        look.at(module)
    assert [message.activation.module for message in look.session.asked_for(MeasureActivation)] == ["mlp", "bias"]
    assert look.session.asked_for(FetchActivation) == []


def test_that_an_input_gets_its_numbers_from_the_repeated_pass(look: Look) -> None:
    look.at("")
    look.panel.choice.setCurrentIndex(1)
    look.panel.choice.activated.emit(1)
    assert look.panel.numbers.no_plot.label.text() == "Reading the values …"
    look.ready()
    assert facts(look)["Count"] == "384"
    assert look.panel.numbers.plot is not None
    assert look.panel.numbers.plot.isVisible()


@pytest.mark.parametrize(
    ("module", "said"), [("waves", "It is complex, and complex numbers have no order."), ("empty", "It is empty.")]
)
def test_that_what_cannot_be_counted_says_why(look: Look, module: str, said: str) -> None:
    look.at(module)
    assert look.panel.numbers.no_plot.label.text() == said


def test_that_other_numbers_than_those_of_the_run_are_doubted(look: Look) -> None:
    look.session.flow["mlp", 0, OUTPUT, 0] = look.session.flow["mlp", 0, OUTPUT, 0] + 1
    look.at("mlp")
    assert look.panel.origin.text().startswith("These values are not those of the run, but of another pass.")
    assert not look.panel.step.isVisible()
    look.at("bias")
    assert not look.panel.origin.isVisible()


def test_that_a_failure_is_said_above_the_numbers_and_can_be_tried_again(look: Look, qtbot: Any) -> None:
    look.session.refusal = Failed((Problem("usage", "`mlp` was not called again.", hint="Run it again."),))
    look.at("mlp")
    assert look.panel.origin.text() == "`mlp` was not called again. Run it again."
    assert facts(look)["Count"] == "144"
    look.session.refusal = None
    qtbot.mouseClick(look.panel.step, Qt.MouseButton.LeftButton)
    look.ready()
    assert "Quantile 50 %" in facts(look)
    assert not look.panel.step.isVisible()


def test_that_a_cancel_is_said(look: Look) -> None:
    look.session.refusal = Failed((), cancelled=True)
    look.at("mlp")
    assert (look.panel.origin.text(), look.panel.step.text()) == ("Reading the values was cancelled.", "Read again")


def test_that_another_run_is_another_question(look: Look) -> None:
    look.at("mlp")
    look.session.asked.clear()
    run_flow(look.panel.workbench, look.session.flow, run=RunForward(RUN.inputs, seed=1))
    look.at("mlp")
    (asked,) = look.session.asked_for(MeasureActivation)
    assert asked.activation.run.seed == 1


# asked before


@pytest.mark.parametrize(
    ("facts_of_run", "said"),
    [
        ({"seconds": 12.0}, "the whole of it took 12 s."),
        ({"side_effects": ("wrote a.txt",)}, "effects outside of the model: wrote a.txt."),
    ],
)
def test_that_a_person_is_asked_before_a_long_pass_or_one_with_effects(
    look: Look, qtbot: Any, facts_of_run: dict[str, Any], said: str
) -> None:
    run_flow(look.panel.workbench, look.session.flow, **facts_of_run)
    look.session.asked.clear()
    view = look.at("mlp", view=VALUES)
    assert said in says(view)
    assert said in look.panel.origin.text()
    assert look.session.asked == []
    qtbot.mouseClick(view.said.button, Qt.MouseButton.LeftButton)
    look.ready()
    assert view.model.rowCount() == 6
    look.at("bias")
    assert look.panel.origin.text() == "", "asked once for each run"


def test_that_a_run_that_is_not_over_is_waited_for_and_one_that_was_not_finished_is_asked_about(look: Look) -> None:
    bench = look.panel.workbench
    look.at("mlp")
    calls = list(bench.calls.values())
    bench.begin_run(RUN)
    bench.add_calls(calls)
    look.session.asked.clear()
    view = look.at("bias", view=VALUES)
    assert (says(view), view.said.button.text()) == ("The run is not over yet. Its values can be looked at when it is.", "")
    bench.fail_run(())
    assert says(view).startswith("The run was not finished.")
    assert view.said.button.text() == look.panel.step.text() == "Show values"
    assert look.session.asked == []


def test_that_a_run_of_shapes_alone_has_no_values(look: Look) -> None:
    run_flow(look.panel.workbench, look.session.flow, run=RunForward(RUN.inputs, shapes_only=True))
    look.session.asked.clear()
    view = look.at("mlp", view=VALUES)
    assert says(view).startswith("The run was one of shapes alone, so there are no values.")
    assert look.session.asked == []


# views


@pytest.mark.parametrize(
    ("module", "kind", "tab"),
    [
        ("conv", MapGrid, MAP_GRID),
        ("attn", MapGrid, MAP_GRID),
        ("mlp", HeatMap, HEAT_MAP),
        ("flags", HeatMap, HEAT_MAP),
        ("bias", LineView, LINE_PLOT),
        ("loss", ValueTable, VALUES),
        ("empty", ValueTable, VALUES),
    ],
)
def test_that_the_best_view_is_chosen_by_what_flows(look: Look, module: str, kind: type, tab: int) -> None:
    look.at(module)
    assert look.panel.views.current is None
    look.panel.views.show_best()
    assert isinstance(look.ready(), kind)
    assert look.panel.views.tabs.currentIndex() == tab


def test_that_the_best_view_stays_the_wish_from_call_to_call(look: Look) -> None:
    assert isinstance(look.at("conv", view=MAP_GRID), MapGrid)
    assert isinstance(look.at("mlp"), HeatMap)
    assert isinstance(look.at("bias"), LineView)
    assert look.at("bias", view=HISTOGRAM) is None
    assert look.at("conv") is None


def test_that_views_that_fit_have_a_tab(look: Look) -> None:
    tabs = look.panel.views.tabs
    shown = {}
    for module in ("conv", "attn", "mlp", "loss", "bias"):
        look.at(module)
        shown[module] = [tabs.tabText(number) for number in range(tabs.count()) if tabs.isTabVisible(number)]
    plain = ["Histogram", "Values", "Heat map"]
    assert shown == {
        "conv": [*plain, "Feature maps", "Line", "Channels"],
        "attn": [*plain, "Attention", "Line", "Channels"],
        "mlp": [*plain, "Line", "Channels"],
        "loss": plain,
        "bias": [*plain, "Line"],
    }


def test_that_feature_maps_come_a_page_at_a_time_of_one_sample(look: Look, qtbot: Any) -> None:
    view = look.at("conv", view=MAP_GRID)
    assert (view.where.text(), view.tiles.numbers[-1]) == ("channels 0 to 63 of 70", 63)
    assert look.session.asked_for(FetchActivation)[-1].index == "0, 0:64, 0:8, 0:8"
    qtbot.mouseClick(view.forward, Qt.MouseButton.LeftButton)
    look.ready()
    assert (view.where.text(), view.forward.isEnabled()) == ("channels 64 to 69 of 70", False)
    (sample,) = view.steppers.boxes
    assert (sample.prefix(), sample.maximum()) == ("sample  ", 1)
    sample.setValue(1)
    look.ready()
    assert look.session.asked_for(FetchActivation)[-1].index == "1, 64:70, 0:8, 0:8"
    qtbot.mouseClick(view.back, Qt.MouseButton.LeftButton)
    look.ready()
    assert view.tiles.numbers[0] == 0


def test_that_names_of_the_axes_stand_at_the_numbers_and_in_the_sentences(look: Look) -> None:
    bench = look.panel.workbench
    conv = LayerCall(40, "conv", "Conv2d", 0, 1, (), (TensorMeta((2, 70, 8, 8), "float32"),), (stats(8960),))
    linear = LayerCall(41, "mlp", "Linear", 0, 1, (), (TensorMeta((2, 6, 12), "float32"),), (stats(144),))
    bench.add_calls([conv, linear])
    bench.select_call(40)
    assert (facts(look)["Shape"], facts(look)["Axes"]) == ("[2, 70, 8, 8]", "batch, channels, height, width")
    look.panel.views.show_view(MAP_GRID)
    assert look.ready().steppers.boxes[0].prefix() == "sample  "
    look.panel.views.show_view(CHANNELS)
    assert look.ready().note.text().startswith("70 channels in dimension 1")
    bench.select_call(41)
    look.panel.views.show_view(LINE_PLOT)
    assert [box.prefix() for box in look.ready().steppers.boxes] == ["sample  ", "tokens  "]
    look.panel.views.show_view(CHANNELS)
    assert look.ready().note.text().startswith("12 features in dimension 2")
    look.panel.views.show_view(HEAT_MAP)
    heat = look.ready()
    assert (heat.canvas.names, heat.slice.steppers[0].prefix()) == (("tokens", "features"), "sample  ")
    heat.slice.field.setText("0, :, 3")
    look.ready()
    assert heat.canvas.names == ("", "tokens")
    assert look.at("flags", view=HEAT_MAP).canvas.names == ("batch", "dimension 1")


def test_that_each_map_can_have_its_own_scale(look: Look) -> None:
    view = look.at("conv", view=MAP_GRID)
    shared = view.tiles.images
    assert "colours reach ±" in view.note.text()
    view.scale.setCurrentIndex(1)
    view.scale.activated.emit(1)
    look.ready()
    assert view.tiles.images != shared
    assert "colours reach as far as the values of each" in view.note.text()
    view.scale.setCurrentIndex(2)
    view.scale.activated.emit(2)
    look.ready()
    assert "colours go from the lowest value of each to its highest" in view.note.text()


def test_that_the_sample_stays_from_call_to_call(look: Look) -> None:
    view = look.at("conv", view=MAP_GRID)
    view.steppers.boxes[0].setValue(1)
    look.ready()
    look.at("attn")
    assert view.steppers.places == (1,)
    assert view.where.text() == "4 heads"
    assert view.note.text().endswith("a row is a query, a column a key.")


def test_that_a_picture_is_in_colour_or_channel_by_channel(look: Look) -> None:
    look.at("")
    look.panel.views.show_best()
    look.panel.choice.setCurrentIndex(1)
    look.panel.choice.activated.emit(1)
    view = look.ready()
    assert look.panel.views.tabs.tabText(MAP_GRID) == "Image"
    assert (view.tiles.is_rgb, view.where.text(), view.what.isVisible(), view.scale.isVisible()) == (
        True,
        "2 samples",
        True,
        False,
    )
    view.what.setCurrentIndex(1)
    view.what.activated.emit(1)
    look.ready()
    assert (view.tiles.is_rgb, view.where.text(), view.scale.isVisible()) == (False, "3 channels", True)


def test_that_the_mouse_names_a_map(look: Look, qtbot: Any) -> None:
    view = look.at("attn", view=MAP_GRID)
    qtbot.mouseMove(view.canvas, view.canvas.tile_rect(2).center())
    qtbot.waitUntil(lambda: view.note.text().startswith("Head 2: norm "))
    assert look.panel.copy_rows().splitlines()[2].startswith("2\t")


def test_that_a_double_click_shows_one_map_alone(look: Look, qtbot: Any) -> None:
    view = look.at("attn", view=MAP_GRID)
    view.steppers.boxes[0].setValue(1)
    look.ready()
    qtbot.mouseDClick(view.canvas, Qt.MouseButton.LeftButton, pos=view.canvas.tile_rect(2).center())
    alone = look.ready()
    assert isinstance(alone, HeatMap)
    assert (alone.slice.field.text(), alone.picture.rows) == ("1, 2, :, :", 6)


def test_that_nan_and_inf_are_said_of_the_page(look: Look) -> None:
    view = look.at("bad", view=MAP_GRID)
    assert "✖ 1 NaN and 1 Inf on this page." in view.note.text()


def test_that_maps_do_not_overlap_and_follow_the_theme(look: Look, qapp: QApplication) -> None:
    view = look.at("conv", view=MAP_GRID)
    rects = [view.canvas.tile_rect(at) for at in range(64)]
    assert all(not one.intersects(other) for at, one in enumerate(rects) for other in rects[:at])
    light = view.canvas.grab().toImage()
    theme.apply_theme(qapp, "dark")
    qapp.processEvents()
    assert view.canvas.grab().toImage() != light


def test_that_a_line_is_drawn_at_a_place_of_the_dimensions_before(look: Look) -> None:
    view = look.at("mlp", view=LINE_PLOT)
    wanted = look.session.flow["mlp", 0, OUTPUT, 0]
    view.steppers.boxes[1].setValue(4)
    look.ready()
    assert view.plot.curve.getData()[1].tolist() == wanted[0, 4].tolist()
    assert (view.note.text(), view.steppers.places) == ("12 values.", (0, 4))
    assert look.panel.copy_rows().splitlines()[0] == f"0\t{wanted[0, 4, 0].item():.9g}"


def test_that_a_line_has_gaps_where_a_value_is_not_finite(look: Look) -> None:
    view = look.at("bad", view=LINE_PLOT)
    assert view.note.text() == "4 values; ✖ 2 NaN or Inf leave gaps."
    assert not view.steppers.boxes[0].isEnabled(), "there is one sample"


def test_that_the_line_follows_the_theme(look: Look, qapp: QApplication) -> None:
    view = look.at("bias", view=LINE_PLOT)
    assert not view.controls.isVisible()
    light = view.plot.curve.opts["pen"].color()
    theme.apply_theme(qapp, "dark")
    qapp.processEvents()
    assert view.plot.curve.opts["pen"].color() != light


def test_that_channels_are_a_table_that_says_which_stand_out(look: Look) -> None:
    view = look.at("dead", view=CHANNELS)
    assert isinstance(view, ChannelsView)
    assert view.note.text() == "4 channels in dimension 1, 1 of them zero everywhere, 1 of them constant. Of all values of each."
    wanted = look.session.flow["dead", 0, OUTPUT, 0]
    assert shown_column(view.table, 1)[0] == f"{wanted[:, 0].mean().item():.4g}"
    assert shown_column(view.table, 5)[1] == "50 (100 %)"
    assert look.panel.copy_rows().splitlines()[2].split("\t")[:2] == ["2", "2"]


def test_that_values_that_are_not_finite_are_counted_by_channel(look: Look) -> None:
    view = look.at("bad", view=CHANNELS)
    assert shown_column(view.table, 6) == ["2", "0"]
    view.table.view.sortByColumn(6, Qt.SortOrder.AscendingOrder)
    look.qtbot.waitUntil(lambda: shown_column(view.table, 0) == ["1", "0"])


def test_that_channels_of_complex_values_are_not_counted(look: Look) -> None:
    look.session.flow["waves", 0, OUTPUT, 0] = torch.ones(2, 3, dtype=torch.complex64)
    run_flow(look.panel.workbench, look.session.flow)
    view = look.at("waves", view=CHANNELS)
    assert view.note.text().startswith("Its channels are not counted")


# two of them


def test_that_two_of_one_shape_are_subtracted_in_every_view(look: Look, qtbot: Any) -> None:
    look.pin("conv")
    assert look.panel.pin_bar.isVisible()
    assert look.panel.pin_bar.pin.text() == "Unpin"
    assert not look.panel.pin_bar.compare.isVisible()
    look.pin("conv", 1)
    assert look.panel.pin_bar.names[1].text() == "B: conv, call 2, output [2, 70, 8, 8]"
    qtbot.mouseClick(look.panel.pin_bar.compare, Qt.MouseButton.LeftButton)
    look.ready()
    one, other = (look.session.flow["conv", number, OUTPUT, 0] for number in (0, 1))
    delta = (other - one).double()
    shown = facts(look)
    assert shown["Largest |B - A|"] == f"{delta.abs().max().item():.4g}"
    assert shown["Mean"] == f"{delta.mean().item():.4g}"
    assert shown["RMS of B - A"] == f"{delta.square().mean().sqrt().item():.4g}"
    look.panel.views.show_view(HEAT_MAP)
    picture = look.ready().picture
    assert picture.value_at(0, 0) == pytest.approx(delta[0, 0, 0, 0].item(), rel=1e-6)
    look.panel.views.show_view(MAP_GRID)
    assert look.ready().tiles.count == 70
    assert not look.panel.views.tabs.isTabVisible(CHANNELS)


def test_that_the_worker_is_told_to_keep_what_is_pinned(look: Look) -> None:
    look.pin("conv")
    look.at("mlp", view=VALUES)
    assert look.session.asked_for(FetchActivation)[-1].pinned == look.panel.workbench.pins.activations
    assert [each.module for each in look.panel.workbench.pins.activations] == ["conv"]


def test_that_two_of_different_shapes_lie_side_by_side(look: Look) -> None:
    look.pin("conv")
    look.pin("mlp")
    look.panel.show_pinned()
    look.ready()
    assert look.panel.beside.isVisible()
    assert not look.panel.views.isVisible()
    assert not look.panel.logarithmic.isVisible()
    kinds = [type(views.current) for _, views in look.panel.beside.sides]
    assert kinds == [MapGrid, HeatMap]
    table = look.panel.beside.table
    rows = dict(zip(shown_column(table, 0), zip(shown_column(table, 1), shown_column(table, 2), strict=True), strict=True))
    assert rows["Shape"] == ("[2, 70, 8, 8]", "[2, 6, 12]")
    assert rows["Zeros"] == ("0", "0")
    look.at("conv")
    assert look.panel.views.isVisible()
    assert not look.panel.beside.isVisible()


def test_that_the_two_sides_do_not_take_each_others_answers(look: Look) -> None:
    look.session.flow["mlp", 0, OUTPUT, 0] = torch.ones(2, 6, 12)
    look.session.flow["", 0, OUTPUT, 0] = torch.zeros(2, 10)
    run_flow(look.panel.workbench, look.session.flow)
    look.pin("mlp")
    look.pin("")
    look.panel.show_pinned()
    look.ready()
    pictures = [views.current.picture for _, views in look.panel.beside.sides]
    assert [(picture.rows, picture.columns, picture.low) for picture in pictures] == [(6, 12, 1.0), (2, 10, 0.0)]


def test_that_a_pin_is_let_go_by_its_button(look: Look, qtbot: Any) -> None:
    look.pin("conv")
    look.pin("mlp")
    assert look.panel.pin_bar.unpin[0].accessibleName() == "Unpin A"
    qtbot.mouseClick(look.panel.pin_bar.unpin[0], Qt.MouseButton.LeftButton)
    assert [each.activation.module for each in look.panel.workbench.pins.items] == ["mlp"]
    assert look.panel.pin_bar.names[0].text() == "A: mlp, output [2, 6, 12]"
    look.panel.pin_choice()
    look.ready()
    assert not look.panel.pin_bar.isVisible()
    assert look.panel.pin_bar.pin.text() == "Pin"


def test_that_a_pin_outlives_the_next_run_and_is_compared_with_what_flows_there(look: Look) -> None:
    look.pin("mlp")
    run_flow(look.panel.workbench, look.session.flow, run=RunForward(RUN.inputs, seed=1))
    assert look.panel.pin_bar.names[0].text() == "A: mlp, output [2, 6, 12], another run"
    look.pin("mlp")
    look.panel.show_pinned()
    look.ready()
    assert facts(look)["Changed"] == "0 of 144"
    seeds = {message.activation.run.seed for message in look.session.asked_for(FetchActivation)}
    assert seeds == {0, 1}


def test_that_before_a_long_pass_the_pair_is_asked_for_too(look: Look) -> None:
    run_flow(look.panel.workbench, look.session.flow, seconds=12.0)
    for module in ("conv", "mlp"):
        look.pin(module)
    look.panel.show_pinned()
    look.ready()
    first = look.panel.beside.sides[0][1].current
    assert "took 12 s" in says(first)
    first.said.button.click()
    look.ready()
    assert says(look.panel.beside.sides[0][1].current) == ""
