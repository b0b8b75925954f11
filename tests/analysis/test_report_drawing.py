"""Plots of a report that are made of numbers alone."""

import math
import re
import xml.etree.ElementTree as ElementTree

import pytest

from torchloupe.analysis.depth_numbers import SERIES_BY_NAME, DepthPoint
from torchloupe.analysis.report.building import Findings, report_document
from torchloupe.analysis.report.document import Figure, Section
from torchloupe.analysis.report.drawing import HEIGHT, WIDTH, depth_figure, step_figure
from torchloupe.wire.steps import ParameterMotion, StepReport
from torchloupe.wire.traces import LayerCall


def moved(key, ratio):
    return ParameterMotion(key, True, update_ratio=ratio)


def still(key, reason="detached", text="`detach` cuts <the> way"):
    return ParameterMotion(key, False, reason, text)


def point(number, **numbers):
    return DepthPoint(LayerCall(number, f"m{number}", "Linear", 0, 1, ()), True, **numbers)


def drawn(figure):
    """The drawing, which is whole, and its letters."""
    tree = ElementTree.fromstring(figure.svg)
    return tree, [each.text for each in tree.iter("text")]


def stems(figure):
    """Where each stem ends, from the bottom: (x, y)."""
    (path,) = re.findall(r'<path d="((?:M[\d.]+ [\d.]+V[\d.]+)+)"', figure.svg)
    return [(float(x), float(y)) for x, y in re.findall(r"M([\d.]+) [\d.]+V([\d.]+)", path)]


# a step


def test_that_each_weight_that_moved_is_a_stem_and_more_is_higher():
    figure = step_figure(StepReport((moved("a", 1e-4), moved("b", 1e-2), moved("c", 1e-3))))
    assert figure.about == "Update / weight of each parameter"
    (first, second, third) = stems(figure)
    assert first[0] < second[0] < third[0]
    assert second[1] < third[1] < first[1]
    _, texts = drawn(figure)
    assert {"1e-4", "1e-2", "parameters in the order of the model"} <= set(texts)


def test_that_neighbours_that_did_not_move_for_one_reason_are_a_field_with_its_name():
    motions = [still(f"s{number}") for number in range(30)] + [moved("m", 1e-3), still("u", "requires-grad-false")]
    tree, texts = drawn(step_figure(StepReport(tuple(motions))))
    fields = list(tree.iter("rect"))
    assert len(fields) == 2
    assert "✖ detached (30)" in texts
    assert "var(--error)" in fields[0].get("style")
    assert "var(--muted)" in fields[1].get("style")


def test_that_a_step_in_which_nothing_moved_is_drawn_and_one_of_nothing_is_not():
    tree, _ = drawn(step_figure(StepReport((still("a"), moved("b", None)))))
    assert len(list(tree.iter("rect"))) == 1
    assert step_figure(StepReport(())) is None


def test_that_everything_stays_inside_of_the_drawing():
    tree, _ = drawn(step_figure(StepReport(tuple(moved(str(number), 10.0**-number) for number in range(12)))))
    assert tree.get("viewBox") == f"0 0 {WIDTH} {HEIGHT}"
    for name, limit in (("x", WIDTH), ("y", HEIGHT)):
        assert all(0 <= float(each.get(name)) <= limit for each in tree.iter("text"))


def test_that_a_report_draws_its_step_unless_the_plots_of_the_screen_are_there():
    found = Findings("Net", step=StepReport((moved("a", 1e-3),)))

    def figures(findings):
        (step,) = [
            each for each in report_document(findings).blocks if isinstance(each, Section) and each.title == "Training step"
        ]
        return [block for block in step.blocks if isinstance(block, Figure)]

    assert len(figures(found)) == 1
    assert figures(Findings("Net", step=found.step, figures=(Figure("On the screen", "<svg/>"),))) == []


# numbers over depth


def test_that_costs_are_stems_by_powers_of_ten():
    figure = depth_figure([point(0, seconds=1e-3), point(1, seconds=1e-1), point(2)], SERIES_BY_NAME["time"])
    assert [y for _, y in stems(figure)] == sorted((y for _, y in stems(figure)), reverse=True)
    _, texts = drawn(figure)
    assert "1 ms" in texts
    assert "100 ms" in texts


@pytest.mark.parametrize("values", [(-1.0, 2.0, 0.5), (0.0, 0.0), (3.0,), (-2.0, -1.0)])
def test_that_other_numbers_are_a_line_on_an_axis_that_has_zero(values):
    figure = depth_figure([point(number, mean=value) for number, value in enumerate(values)], SERIES_BY_NAME["mean"])
    tree, texts = drawn(figure)
    (line,) = tree.iter("polyline")
    places = [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]
    assert len(places) == len(values)
    assert all(0 <= y <= HEIGHT for _, y in places)
    assert "calls, in their order" in texts


@pytest.mark.parametrize("values", [(), (None,), (math.nan, math.inf)])
def test_that_without_a_number_there_is_no_drawing(values):
    assert depth_figure([point(number, mean=value) for number, value in enumerate(values)], SERIES_BY_NAME["mean"]) is None
