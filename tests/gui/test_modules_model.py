"""Rows of the module tree."""

from typing import Any

import pytest
from PySide6.QtCore import Qt

from gui import panel_data
from gui.panel_data import opened
from torchloupe.analysis.row_filter import matching
from torchloupe.gui.modules import model as rows
from torchloupe.gui.modules.columns import CALLS, COLUMNS, FACTS, STATE, hooks_text, share_text
from torchloupe.gui.modules.tree_model import ModuleTreeModel
from torchloupe.gui.outline import Outline
from torchloupe.gui.text_table import Row
from torchloupe.gui.tree_index import TreeIndex
from torchloupe.wire.modules import ModuleEntry, ModuleTree
from torchloupe.wire.problems import ERROR, INFO, WARNING, Problem
from torchloupe.wire.registration import HiddenPart


def module(path: str, class_name: str = "Linear", **facts: Any) -> ModuleEntry:
    return ModuleEntry(path, class_name, 1, facts.pop("numel", 10), facts.pop("total_numel", 10), False, **facts)


def column(model: ModuleTreeModel, number: int) -> list[str]:
    return [model.index(row, number).data() for row in range(model.rowCount())]


@pytest.mark.parametrize(("path", "name"), [("", "(model)"), ("fc1", "fc1"), ("encoder.layers.3", "3")])
def test_that_a_module_is_called_by_the_last_part_of_its_path(path: str, name: str) -> None:
    assert rows.module_name(path) == name


def test_that_a_row_says_class_output_parameters_and_calls() -> None:
    calls = rows.ModuleCalls(panel_data.good_calls())
    entry = module("head.act", "ReLU", numel=0, total_numel=1234)
    assert rows.module_cells(entry, calls, None)[:6] == ("act", "ReLU", "1,234", "[2, 128]", "2", "")


def test_that_a_row_says_nothing_of_calls_before_the_first_run() -> None:
    assert rows.module_cells(module("fc1"), None, None)[2:6] == ("10", "", "", "")


def test_that_a_shared_module_says_where_it_was_met_first() -> None:
    assert rows.class_text(module("b", same_as="a")) == "Linear = a"
    assert rows.class_text(module("b", same_as="")) == "Linear = (model)"
    assert rows.module_cells(module("b"), None, None)[1] == "Linear"


def test_that_a_container_that_is_never_called_has_no_zero() -> None:
    calls = rows.ModuleCalls(())
    assert rows.module_cells(module("layers", "ModuleList"), calls, None)[CALLS] == ""
    assert rows.module_cells(module("fc1"), calls, None)[CALLS] == "0"


def test_that_the_last_call_of_a_module_is_the_one_that_began_last() -> None:
    first, second = panel_data.call(3, "fc1", (1,), (1,)), panel_data.call(8, "fc1", (2,), (2,))
    assert rows.ModuleCalls([second, first]).last["fc1"] is second
    assert rows.ModuleCalls([first, second]).count == {"fc1": 2}


NESTED = Outline([-1, 0, 1, 2, 0])


def placed(*found: tuple[str, int]) -> rows.PlacedProblems:
    problems = [Problem("a", "", severity, call=position) for severity, position in found]
    return rows.place_problems(
        problems, lambda problem: [problem.call or 0] if problem.call != 9 else [], NESTED, lambda _path: 3
    )


def test_that_the_worst_problem_of_a_row_counts() -> None:
    assert placed((INFO, 3), (ERROR, 3), (WARNING, 3), (WARNING, 4)).worst == {3: ERROR, 4: WARNING}


def test_that_rows_around_an_error_are_marked_and_those_around_a_warning_are_not() -> None:
    assert placed((ERROR, 3), (ERROR, 2), (WARNING, 4), (ERROR, 0), (ERROR, 9)).inside == {2: 1, 1: 2, 0: 2}


def test_that_one_problem_about_several_rows_counts_once_around_them() -> None:
    about = rows.place_problems([Problem("a", "")], lambda _problem: [2, 3], NESTED, lambda _path: 3)
    assert about.inside == {0: 1, 1: 1, 2: 1}
    assert about.worst == {2: ERROR, 3: ERROR}


@pytest.mark.parametrize(("position", "text"), [(3, "✖ error"), (4, "▲ warning"), (1, "✖ inside"), (7, None)])
def test_that_a_mark_says_of_what_kind_the_problem_is(position: int, text: str | None) -> None:
    mark = placed((ERROR, 3), (WARNING, 4)).mark(position)
    assert (mark.text if mark else None) == text


def test_that_tips_name_path_settings_place_and_the_first_path_of_a_shared_module() -> None:
    entry = module("head.again", settings="in_features=3", file="/m.py", line=7, same_as="head.fc")
    assert rows.module_tips(entry, True) == (
        "head.again\nThe same module as head.fc",
        "Linear(in_features=3)\n/m.py:7",
        "In it and below it, what is shared once",
        "",
        "Registered, but not called in the last run.",
        "",
    )


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("conv", ["encoder.conv1", "encoder.conv2"]),
        ("class:linear", ["head.fc1", "head.fc2"]),
        ("[128, 3136]", ["head.fc1"]),
        ("kernel_size=2", ["encoder.pool"]),
        ("output:[*,64,14,14]", ["encoder", "encoder.pool"]),
        ("dtype:float32 [10]", ["head.fc2"]),
        ("device:cpu mode:eval [10]", ["head.fc2"]),
        ("mode:train", []),
    ],
)
def test_that_modules_are_found_by_path_class_settings_and_shapes(text: str, paths: list[str]) -> None:
    tree = panel_data.tree()
    owned, calls = TreeIndex(tree).owned, rows.ModuleCalls(panel_data.failing_calls())
    haystacks = [rows.haystack_of(entry, owned, calls) for entry in tree.modules]
    found = matching(text, rows.HAYSTACK_TITLES, haystacks)
    assert [tree.modules[position].path for position in found] == paths


# the Qt model


def test_that_the_tree_model_obeys_qt(qtmodeltester: Any) -> None:
    model = ModuleTreeModel(panel_data.tree())
    qtmodeltester.check(model)
    model.set_calls(panel_data.failing_calls())
    model.toggle(0)
    model.toggle(0)
    model.set_filter("fc")
    qtmodeltester.check(model)


def test_that_an_empty_tree_model_obeys_qt(qtmodeltester: Any) -> None:
    qtmodeltester.check(ModuleTreeModel())


def test_that_a_small_tree_is_open_and_a_large_one_shows_its_first_level() -> None:
    assert ModuleTreeModel(panel_data.tree()).rowCount() == len(panel_data.MODULES)
    large = [module("", "Net"), *(module(f"part{n // 20}" if n % 20 == 0 else f"part{n // 20}.fc{n % 20}") for n in range(400))]
    assert ModuleTreeModel(ModuleTree(tuple(large), ())).rowCount() == 21


def test_that_what_was_open_stays_open_when_the_model_is_loaded_anew() -> None:
    large = [module("", "Net"), *(module(f"part{n // 20}" if n % 20 == 0 else f"part{n // 20}.fc{n % 20}") for n in range(400))]
    model = ModuleTreeModel(ModuleTree(tuple(large), ()))
    model.toggle(2)
    model.set_tree(ModuleTree(tuple(large), ()))
    assert model.rowCount() == 21 + 19
    assert column(model, 0)[3] == "fc1"


def test_that_only_a_complete_run_makes_a_module_without_calls_stand_out() -> None:
    model = ModuleTreeModel(panel_data.tree())
    row = model.position_of("encoder.bn1")
    model.set_calls(panel_data.good_calls(), complete=False)
    assert model.index(row, CALLS).data() == "0"
    assert model.index(row, CALLS).data(Qt.ItemDataRole.ForegroundRole) is None
    model.set_calls(panel_data.good_calls(), complete=True)
    assert model.index(row, CALLS).data(Qt.ItemDataRole.ForegroundRole) is not None
    assert "not called" in model.index(row, CALLS).data(Qt.ItemDataRole.ToolTipRole)


def test_that_calls_can_arrive_bit_by_bit() -> None:
    model = ModuleTreeModel(panel_data.tree())
    for call in panel_data.good_calls():
        model.add_calls([call])
    assert column(model, CALLS) == ["1", "1", "1", "0", "1", "1", "1", "1", "2", "1"]


def test_that_a_problem_marks_its_module_and_says_inside_around_it() -> None:
    model = ModuleTreeModel(panel_data.tree())
    model.set_problems([panel_data.MISMATCH])
    assert model.index(model.position_of("head.fc1"), 0).data() == "fc1  ✖"
    assert [text for text in column(model, STATE) if text] == ["✖ inside", "✖ inside", "✖ error"]
    assert model.index(model.position_of("head.fc1"), 0).data(Qt.ItemDataRole.ForegroundRole) is not None


def test_that_a_module_around_a_faulty_one_has_the_same_hue_and_says_how_many_problems_it_contains() -> None:
    model = ModuleTreeModel(panel_data.tree())
    model.set_problems([panel_data.MISMATCH, panel_data.MISMATCH])
    roles, tip = model.describe(model.position_of("head")).roles, Qt.ItemDataRole.ToolTipRole
    assert (roles[0], roles[STATE]) == ("contained", "contained")
    assert model.describe(model.position_of("head.fc1")).roles[0] == "error"
    assert model.index(model.position_of("head"), 0).data(tip) == "head\nContains 2 problems"
    assert model.index(model.position_of("head.fc1"), 0).data(tip) == "head.fc1"


def test_that_a_screen_reader_hears_level_path_class_and_problem() -> None:
    model = ModuleTreeModel(panel_data.tree())
    model.set_problems([panel_data.MISMATCH])
    spoken = Qt.ItemDataRole.AccessibleTextRole
    assert model.index(0, 0).data(spoken) == "level 1, (model), Classifier, inside, open"
    assert model.index(model.position_of("head.fc1"), 0).data(spoken) == "level 3, head.fc1, Linear, error"


def test_that_parameters_below_a_module_are_its_own_and_those_of_its_parts() -> None:
    model = ModuleTreeModel(panel_data.tree())
    assert [entry.key for entry in model.parameters_of("head")] == [
        "head.fc1.weight",
        "head.fc1.bias",
        "head.fc2.weight",
        "head.fc2.bias",
    ]
    assert [entry.key for entry in model.parameters_of("head.fc2")] == ["head.fc2.weight", "head.fc2.bias"]
    assert model.parameters_of("head.act") == []
    for everything in ("", None):
        assert model.parameters_of(everything) == list(opened().tree.parameters)


def test_that_the_parameters_of_a_module_alone_are_those_that_it_owns() -> None:
    model = ModuleTreeModel(panel_data.tree())
    assert model.parameters_of("head", below=False) == []
    assert [entry.key for entry in model.parameters_of("head.fc2", below=False)] == ["head.fc2.weight", "head.fc2.bias"]


# facts of a module


@pytest.mark.parametrize(
    ("total", "learns", "text"),
    [(0, 0, ""), (10, 10, "all"), (10, 0, "none"), (1000, 125, "12.5 %"), (10**9, 1, "0.1 %"), (10**9, 10**9 - 1, "99.9 %")],
)
def test_that_the_share_that_learns_is_never_rounded_to_all_or_none(total: int, learns: int, text: str) -> None:
    assert share_text(module("a", total_numel=total, trainable_numel=learns)) == text


def test_that_several_hooks_of_a_kind_are_counted() -> None:
    assert hooks_text(module("a", hooks=("forward", "pre", "forward"))) == "forward × 2, pre"
    assert hooks_text(module("a")) == ""


def test_that_every_fact_of_a_module_has_its_column() -> None:
    entry = module(
        "a",
        settings="3, 4",
        total_bytes=2_000_000,
        trainable_numel=10,
        dtype="float32, float16",
        device="cuda:0",
        hooks=("backward",),
        parametrized=("weight",),
        is_lazy=True,
    )
    said = {fact.column.title: fact.text(entry) for fact in FACTS}
    assert said == {
        "Trainable": "all",
        "Bytes": "2 MB",
        "Dtype": "float32, float16",
        "Device": "cuda:0",
        "Mode": "eval",
        "Own": "10",
        "Hooks": "backward",
        "Parametrizations": "weight",
        "Lazy": "no shape yet",
        "Settings": "3, 4",
    }
    assert len(rows.module_cells(entry, None, None)) == len(COLUMNS)


# what is hidden, and equal blocks


LISTED = [
    HiddenPart("head", "parts", f"parts[{number}]", "module", "Linear", "list", 2, 20, file="/m.py", line=5)
    for number in range(3)
]
CONSTANT = HiddenPart("", "pe", "pe", "tensor", "Tensor", shape=(40, 16), dtype="float32", device="cpu")
FORGOTTEN = Problem("unregistered-module", "A list.", module="head", attribute="parts")


def model_with_hidden(*problems: Problem) -> ModuleTreeModel:
    tree = panel_data.tree()
    model = ModuleTreeModel(ModuleTree(tree.modules, tree.parameters, (*LISTED, CONSTANT)))
    model.set_problems(problems)
    return model


def row_of(model: ModuleTreeModel, key: Any) -> Row:
    return model.describe(model.position_of_key(key))


def test_that_what_is_not_registered_stands_under_its_owner_and_says_so() -> None:
    model = model_with_hidden(FORGOTTEN)
    row = row_of(model, LISTED[1])
    assert (row.cells[0], row.cells[1], row.cells[2], row.cells[STATE]) == (
        "parts[1]  ✖",
        "Linear",
        "not registered",
        "✖ not registered",
    )
    assert (row.roles[0], row.roles[2], row.roles[STATE]) == ("error", "error", "error")
    assert len(row.cells) == len(COLUMNS)
    assert row.tips[0].startswith("head.parts[1]\nA Linear in a list that PyTorch does not see.")
    assert row.tips[0].endswith("/m.py:5")
    assert row.tips[2] == "20 numbers, not counted in the model"


def test_that_a_problem_of_several_owners_marks_what_each_of_them_holds() -> None:
    tree = panel_data.tree()
    parts = tuple(HiddenPart(f"head.fc{number}", "xs", "xs[0]", "module", "Linear", "list") for number in (1, 2))
    model = ModuleTreeModel(ModuleTree(tree.modules, tree.parameters, parts))
    owners = ["head.fc1", "head.fc2"]
    model.set_problems([Problem("unregistered-module", "", module=owners[0], attribute="xs", data={"owners": owners})])
    assert [row_of(model, part).cells[STATE] for part in parts] == ["✖ not registered"] * 2
    assert [row_of(model, owner).cells[STATE] for owner in owners] == ["✖ inside"] * 2


def test_that_the_owner_of_hidden_parts_has_the_problem_inside() -> None:
    model = model_with_hidden(FORGOTTEN)
    assert row_of(model, "head").cells[STATE] == "✖ inside"
    assert row_of(model, "").tips[0].endswith("Contains 1 problem")


def test_that_a_hidden_tensor_that_nobody_complains_of_is_only_told_of() -> None:
    row = row_of(model_with_hidden(FORGOTTEN), CONSTANT)
    assert (row.cells[0], row.cells[STATE], row.roles[0]) == ("pe  ●", "● not registered", "info")
    assert row.cells[[column.title for column in COLUMNS].index("Dtype")] == "float32"
    assert row.tips[2] == ""


def test_that_equal_hidden_parts_are_one_row_with_the_problem_of_all() -> None:
    model = model_with_hidden(FORGOTTEN)
    row = row_of(model, (LISTED[0], ...))
    assert row.cells[:3] == ("parts[0–2]  ✖", "3 × Linear", "not registered")
    assert row.tips[0].startswith("head.parts[0] to head.parts[2]")
    assert row.tips[2] == "60 numbers, not counted in the model"


@pytest.mark.parametrize(
    ("first", "last", "text"), [("xs[0]", "xs[3]", "xs[0–3]"), ("d['a']", "d['c']", "d['a'–'c']"), ("a", "b", "a – b")]
)
def test_that_a_range_of_names_is_said_once(first: str, last: str, text: str) -> None:
    assert rows.range_text(first, last) == text


def blocks_tree(count: int = 4) -> ModuleTree:
    modules = [module("", "Net"), module("layers", "ModuleList")]
    for number in range(count):
        modules += [module(f"layers.{number}", "Block", total_numel=30), module(f"layers.{number}.fc")]
    parameters = [panel_data.parameter(f"layers.{number}.fc.weight", (2, 5)) for number in range(count)]
    return ModuleTree(tuple(modules), tuple(parameters))


BLOCKS = ("layers.0", ...)


def test_that_equal_blocks_are_one_row_that_can_be_unfolded() -> None:
    model = ModuleTreeModel(blocks_tree())
    assert column(model, 0) == ["(model)", "layers", "0–3"]
    row = row_of(model, BLOCKS)
    assert row.cells[:3] == ("0–3", "4 × Block", "120")
    assert row.tips[0] == "layers.0 to layers.3\nEqual; open the row to see each of them"
    model.toggle(2)
    assert column(model, 0) == ["(model)", "layers", "0–3", "0", "1", "2", "3"]


def test_that_a_filter_finds_what_is_folded() -> None:
    model = ModuleTreeModel(blocks_tree())
    model.set_filter("layers.2.fc")
    assert column(model, 0) == ["(model)", "layers", "0–3", "2", "fc"]


def test_that_revealing_a_module_unfolds_its_blocks() -> None:
    model = ModuleTreeModel(blocks_tree())
    model.reveal("layers.1.fc")
    assert model.position_of("layers.1.fc") > 0


def test_that_without_folding_each_block_has_its_row() -> None:
    model = ModuleTreeModel()
    model.folded = False
    model.set_tree(blocks_tree())
    assert column(model, 0)[:4] == ["(model)", "layers", "0", "fc"]


def test_that_calls_of_equal_blocks_say_the_fewest_and_the_most_and_a_zero_stands_out() -> None:
    model = ModuleTreeModel(blocks_tree())
    calls = [panel_data.call(number, f"layers.{number}", (1,), (1,)) for number in range(4)]
    model.set_calls(calls, complete=True)
    assert (row_of(model, BLOCKS).cells[CALLS], row_of(model, BLOCKS).roles[CALLS]) == ("1", None)
    model.set_calls(calls[:3], complete=True)
    assert (row_of(model, BLOCKS).cells[CALLS], row_of(model, BLOCKS).roles[CALLS]) == ("0–1", "warning")
    model.set_calls(None)
    assert row_of(model, BLOCKS).cells[CALLS] == ""


def test_that_an_error_in_a_block_is_inside_the_folded_row() -> None:
    model = ModuleTreeModel(blocks_tree())
    model.set_problems([Problem("a", "", module="layers.2.fc")])
    assert row_of(model, BLOCKS).cells[STATE] == "✖ inside"


def test_that_equal_blocks_list_the_parameters_of_all_of_them() -> None:
    model = ModuleTreeModel(blocks_tree())
    assert len(model.parameters_of(BLOCKS)) == 4
    assert model.title_of(BLOCKS) == "layers.0 to layers.3"
    assert (model.title_of("layers"), model.title_of("")) == ("layers", "")


def test_that_a_screen_reader_hears_what_is_folded_and_what_is_hidden() -> None:
    folded, hidden = ModuleTreeModel(blocks_tree()), model_with_hidden()
    assert folded.spoken(folded.position_of_key(BLOCKS)) == "layers.0 to layers.3, 4 Block"
    assert hidden.spoken(hidden.position_of_key(CONSTANT)) == "pe, Tensor, not registered"
    assert hidden.spoken(hidden.position_of_key((LISTED[0], ...))) == "head.parts[0], 3 Linear, not registered"


def test_that_a_tree_with_folded_and_hidden_rows_obeys_qt(qtmodeltester: Any) -> None:
    qtmodeltester.check(model_with_hidden(FORGOTTEN))
    qtmodeltester.check(ModuleTreeModel(blocks_tree()))
