"""What the Tensor panel shows of a selection."""

from typing import Any

import pytest

from gui import panel_data
from gui.panel_data import call, opened, parameter, stats, stored
from torchloupe.gui.flowed import pins_of_call
from torchloupe.gui.tensor import model as rows
from torchloupe.gui.tensor.histogram_plot import LOG_FLOOR, bar_heights
from torchloupe.gui.tensor.model import TensorChoice
from torchloupe.gui.text_table import Row
from torchloupe.gui.workbench import Workbench
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.requests import RunForward
from torchloupe.wire.tensors import TensorMeta, TensorStats

NOTHING_FINITE = TensorStats(8, None, None, None, None, 0, 6, 2)


@pytest.fixture
def bench(qapp: Any) -> Workbench:
    workbench = Workbench()
    panel_data.run_well(workbench)
    workbench.set_checkpoint(panel_data.checkpoint())
    return workbench


def pairs(made: list[Any]) -> dict[str, str]:
    return {row.cells[0]: row.cells[1] for row in made}


def test_that_nothing_selected_offers_nothing(qapp: Any) -> None:
    assert rows.choices_of(Workbench()) == []


def test_that_a_call_offers_its_outputs_with_their_statistics(bench: Workbench) -> None:
    bench.select_call(6)
    choice, given = rows.choices_of(bench)
    assert choice.title == "head.fc1, output [2, 128]"
    assert (given.title, given.stats, given.kind) == ("head.fc1, input x [2, 3136]", None, "tokens")
    assert choice.facts == (("Shape", "[2, 128]"), ("Axes", "batch, features"), ("Dtype", "float32"), ("Device", "cpu"))
    assert choice.stats is not None
    assert choice.fetch is None


def test_that_several_outputs_are_told_apart_by_name_or_number(bench: Workbench) -> None:
    outputs = (TensorMeta((2,), "float32", name=".logits"), TensorMeta((3,), "int64"))
    bench.add_calls([call(30, "", (1,), (2,), outputs=outputs, stats=(stats(), None))])
    bench.select_call(30)
    titles = [choice.title for choice in rows.choices_of(bench)]
    assert titles == ["(model), output .logits [2]", "(model), output 1 [3]", "(model), input x [1]"]


def test_that_a_run_of_shapes_alone_says_that_there_are_no_values(bench: Workbench) -> None:
    bench.begin_run(RunForward(shapes_only=True))
    bench.add_calls([call(0, "fc", (1,), (2,), stats=())])
    bench.select_call(0)
    assert all(choice.note.startswith("The run was one of shapes alone") for choice in rows.choices_of(bench))


def test_that_a_failed_call_offers_its_inputs(bench: Workbench) -> None:
    panel_data.fail_in_fc1(bench)
    assert [choice.title for choice in rows.choices_of(bench)] == ["head.fc1, input x [2, 12544]"]


def test_that_what_is_pinned_comes_last_as_a_difference_or_side_by_side(bench: Workbench) -> None:
    for pin in (pins_of_call(bench, 7)[0], pins_of_call(bench, 8)[0]):
        bench.pins.toggle(pin)
    bench.select_call(2)
    difference = rows.choices_of(bench)[-1]
    assert difference.title.startswith("Pinned: B minus A, head.act, call 2, output [2, 128] minus head.act, output")
    assert (difference.kind, difference.shape) == ("tokens", (2, 128))
    bench.pins.toggle(pins_of_call(bench, 9)[0])
    beside = rows.choices_of(bench)[-1]
    assert beside.title == "Pinned: A beside B, head.act, call 2, output [2, 128] and head.fc2, output [2, 10]"
    assert (beside.kind, beside.facts[0]) == ("", ("A", "head.act, call 2, output [2, 128]"))


def test_that_a_picture_is_one_where_the_model_is_given_it(bench: Workbench) -> None:
    kinds = {}
    for index in (0, 2, 1):
        bench.select_call(index)
        kinds[index] = [choice.kind for choice in rows.choices_of(bench)]
    assert kinds == {0: ["tokens", "image"], 2: ["maps", "image"], 1: ["maps", "image"]}


def test_that_a_parameter_has_to_be_asked_for(bench: Workbench) -> None:
    bench.select_parameter("head.fc2.bias")
    (choice,) = rows.choices_of(bench)
    assert choice.fetch == "head.fc2.bias"
    assert dict(choice.facts)["Size"] == "40 B"


def test_that_a_lazy_parameter_is_not_asked_for(bench: Workbench) -> None:
    tree = ModuleTree(opened().tree.modules, (parameter("lazy.weight", None),))
    bench.set_model(opened(tree=tree))
    bench.select_parameter("lazy.weight")
    (choice,) = rows.choices_of(bench)
    assert choice.fetch is None
    assert "before its module is called" in choice.note


def test_that_an_unknown_parameter_offers_nothing(bench: Workbench) -> None:
    bench.select_parameter("no.such.key")
    assert rows.choices_of(bench) == []


def test_that_a_stored_tensor_shows_its_facts_and_can_be_read(bench: Workbench) -> None:
    bench.select_stored(stored("w", (2, 3), "model", stored_at="data/0", file="part1.bin"))
    (choice,) = rows.choices_of(bench)
    assert choice.note == ""
    assert choice.stored == bench.selection.stored
    assert dict(choice.facts) == {
        "Shape": "[2, 3]",
        "Dtype": "float32",
        "Size": "24 B",
        "Container": "model",
        "Record": "data/0",
        "File": "part1.bin",
    }
    assert choice.stats is None
    assert choice.fetch is None


def test_that_a_broken_tensor_says_why() -> None:
    assert rows.stored_choice(stored("w", (2,), broken="Its record is not there.")).note == "✖ Its record is not there."


@pytest.mark.parametrize(("count", "whole", "text"), [(0, 10, "0"), (5, 10, "5 (50 %)"), (1, 3000, "1 (0.0333 %)"), (3, 0, "3")])
def test_that_a_part_is_said_with_its_percentage(count: int, whole: int, text: str) -> None:
    assert rows.part_text(count, whole) == text


def test_that_the_table_holds_facts_statistics_and_every_bin() -> None:
    made = rows.statistics_rows(TensorChoice("w", (("Shape", "[4096]"),)), stats(4096, zeros=2048, nan=1))
    shown = pairs(made)
    assert list(shown)[:9] == ["Shape", "Count", "Mean", "Std", "Min", "Max", "Zeros", "NaN", "Inf"]
    assert (shown["Count"], shown["Zeros"], shown["Inf"]) == ("4,096", "2,048 (50 %)", "0")
    assert len(made) == 9 + 64
    assert made[9].cells == ("-3.5 to -3.395", "0")
    assert made[-1].cells[0].endswith("to 3.25")


def test_that_nan_and_inf_are_red_only_when_there_are_some() -> None:
    roles = {row.cells[0]: row.roles[1] for row in rows.statistics_rows(TensorChoice("w", ()), stats(10, nan=1))}
    assert roles["NaN"] == "error"
    assert roles["Inf"] is None


def test_that_without_statistics_only_the_facts_stand_there() -> None:
    assert pairs(rows.statistics_rows(TensorChoice("w", (("Shape", "[1]"),)), None)) == {"Shape": "[1]"}


def test_that_keys_of_rows_are_unequal() -> None:
    made = rows.statistics_rows(TensorChoice("w", (("Shape", "[1]"),)), stats(min=0.0, max=1e-30))
    assert len({row.key for row in made}) == len(made)


def test_that_the_bins_cover_min_to_max() -> None:
    low, width = rows.bin_edges(stats(min=-1.0, max=3.0))
    assert (low, low + 64 * width) == (-1.0, 3.0)


@pytest.mark.parametrize("value", [0.0, 2.5, -7.0])
def test_that_a_constant_tensor_gets_bins_around_its_value_and_no_rows_for_them(value: float) -> None:
    constant = stats(min=value, max=value)
    low, width = rows.bin_edges(constant)
    assert width > 0
    assert low + 32 * width == pytest.approx(value)
    assert rows.bin_rows(constant) == []


@pytest.mark.parametrize("value", [0.0, 1.01, -7.0])
@pytest.mark.parametrize("counted_in", [0, 63])
def test_that_the_bar_of_a_constant_tensor_stands_on_its_value(value: float, counted_in: int) -> None:
    counts = tuple(5 if number == counted_in else 0 for number in range(64))
    constant = stats(5, min=value, max=value, histogram=counts)
    (start,), heights = rows.bars(constant)
    _, width = rows.bin_edges(constant)
    assert heights == (5,)
    assert start < value < start + width
    assert start + width / 2 == pytest.approx(value)


def test_that_every_bin_has_its_bar() -> None:
    starts, heights = rows.bars(stats(min=-1.0, max=3.0))
    assert (starts[0], starts[-1], len(starts)) == (-1.0, 3.0 - 4 / 64, 64)
    assert heights == stats().histogram
    assert rows.bars(stats(histogram=None)) == ([], ())


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (stats(4096), "4,096 values: no zeros; no NaN, no Inf."),
        (stats(200, zeros=100), "200 values: 100 (50 %) zeros; no NaN, no Inf."),
        (stats(200, nan=3, inf=1), "200 values: no zeros; ✖ 3 NaN and 1 Inf, left out of mean and histogram."),
        (stats(4, min=1.0, max=1.0), "4 values: no zeros; no NaN, no Inf; every finite value is 1."),
        (stats(9_000_000, sampled=65536), "9,000,000 values: no zeros; no NaN, no Inf; histogram of an even sample of 65,536."),
        (NOTHING_FINITE, "✖ None of its 8 values is finite: 6 NaN, 2 Inf."),
        (TensorStats(0, None, None, None, None, 0, 0, 0), "0 values: no zeros; no NaN, no Inf."),
    ],
)
def test_that_what_is_special_is_said_in_words(made: TensorStats, words: str) -> None:
    assert rows.plain_words(made) == words


def test_that_bars_are_counts_or_their_logarithms_with_one_still_visible() -> None:
    assert bar_heights((0, 1, 100), False) == [0.0, 1.0, 100.0]
    assert bar_heights((0, 1, 100), True) == [0.0, -LOG_FLOOR, 2.0 - LOG_FLOOR]


def test_that_a_broken_tensor_is_not_read(bench: Workbench) -> None:
    bench.select_stored(stored("w", (2, 3), "model", broken="It is cut off."))
    (choice,) = rows.choices_of(bench)
    assert (choice.stored, choice.note) == (None, "✖ It is cut off.")


def test_that_what_was_read_stands_between_statistics_and_bins() -> None:
    choice = rows.TensorChoice("w", (("Shape", "[2]"),))
    names = [row.cells[0] for row in rows.statistics_rows(choice, stats(4), [Row(("Quantile 50 %", "1"), "q")])]
    assert names.index("Inf") < names.index("Quantile 50 %") < len(names) - 64
