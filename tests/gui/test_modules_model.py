"""Rows of the module tree and of its parameters."""

from typing import Any

import pytest
from PySide6.QtCore import Qt

from gui import panel_data
from gui.panel_data import opened, parameter
from torchloupe.analysis.state_dict_diff import KeyEntry, state_dict_diff
from torchloupe.gui.modules import model as rows
from torchloupe.gui.modules.tree_model import ModuleTreeModel
from torchloupe.gui.row_filter import matching
from torchloupe.wire.modules import ModuleEntry, ModuleTree
from torchloupe.wire.problems import ERROR, INFO, WARNING, Problem


def module(path: str, class_name: str = "Linear", **facts: Any) -> ModuleEntry:
    return ModuleEntry(path, class_name, 1, facts.pop("numel", 10), facts.pop("total_numel", 10), False, **facts)


def column(model: ModuleTreeModel, number: int) -> list[str]:
    return [model.index(row, number).data() for row in range(model.rowCount())]


def test_that_modules_lie_under_the_module_their_path_names() -> None:
    outline = rows.module_outline([module(path) for path in ("", "a", "a.b", "a.b.c", "d")])
    assert outline.parent == [-1, 0, 1, 2, 0]


def test_that_a_module_whose_parent_is_not_listed_lies_under_the_next_one_that_is() -> None:
    outline = rows.module_outline([module(path) for path in ("", "a", "a.b.c")])
    assert outline.parent == [-1, 0, 1]


@pytest.mark.parametrize(("path", "name"), [("", "(model)"), ("fc1", "fc1"), ("encoder.layers.3", "3")])
def test_that_a_module_is_called_by_the_last_part_of_its_path(path: str, name: str) -> None:
    assert rows.module_name(path) == name


def test_that_a_row_says_class_output_parameters_and_calls() -> None:
    calls = rows.ModuleCalls(panel_data.good_calls())
    entry = module("head.act", "ReLU", numel=0, total_numel=1234)
    assert rows.module_cells(entry, calls, None) == ("act", "ReLU", "[2, 128]", "1,234", "0", "2", "")


def test_that_a_row_says_nothing_of_calls_before_the_first_run() -> None:
    assert rows.module_cells(module("fc1"), None, None)[2:6] == ("", "10", "10", "")


def test_that_a_container_that_is_never_called_has_no_zero() -> None:
    calls = rows.ModuleCalls(())
    assert rows.module_cells(module("layers", "ModuleList"), calls, None)[5] == ""
    assert rows.module_cells(module("fc1"), calls, None)[5] == "0"


def test_that_the_last_call_of_a_module_is_the_one_that_began_last() -> None:
    first, second = panel_data.call(3, "fc1", (1,), (1,)), panel_data.call(8, "fc1", (2,), (2,))
    assert rows.ModuleCalls([second, first]).last["fc1"] is second
    assert rows.ModuleCalls([first, second]).count == {"fc1": 2}


def test_that_the_worst_problem_of_a_module_counts() -> None:
    problems = [
        Problem("a", "", severity, module=path) for severity, path in ((INFO, "x"), (ERROR, "x"), (WARNING, "x"), (WARNING, "y"))
    ]
    problems.append(Problem("b", ""))
    assert rows.worst_severities(problems) == {"x": ERROR, "y": WARNING}


def test_that_modules_around_an_error_are_marked_and_those_around_a_warning_are_not() -> None:
    assert rows.paths_above_errors({"a.b.c": ERROR, "d.e": WARNING, "": ERROR}) == {"a.b", "a", ""}


@pytest.mark.parametrize(("path", "text"), [("fc1", "✖ error"), ("act", "▲ warning"), ("head", "✖ inside"), ("other", None)])
def test_that_a_mark_says_of_what_kind_the_problem_is(path: str, text: str | None) -> None:
    mark = rows.module_mark(path, {"fc1": ERROR, "act": WARNING}, {"head", ""})
    assert (mark.text if mark else None) == text


def test_that_tips_name_path_settings_place_and_the_first_path_of_a_shared_module() -> None:
    entry = module("head.again", settings="in_features=3", file="/m.py", line=7, same_as="head.fc")
    assert rows.module_tips(entry, True) == (
        "head.again\nThe same module as head.fc",
        "Linear(in_features=3)\n/m.py:7",
        "",
        "In it and below it",
        "In it alone",
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
        ("dtype:float32 [10]", []),
    ],
)
def test_that_modules_are_found_by_path_class_settings_and_shapes(text: str, paths: list[str]) -> None:
    tree = panel_data.tree()
    found = matching(text, rows.HAYSTACK_TITLES, rows.module_haystacks(tree, rows.ModuleCalls(panel_data.failing_calls())))
    assert [tree.modules[position].path for position in found] == paths


def test_that_a_parameter_row_has_a_key_relative_to_its_list_and_stands_for_the_whole_key() -> None:
    row = rows.parameter_row(parameter("head.fc1.weight", (128, 3136)), {"head.fc1.weight": "shape"}, "head")
    assert row.cells == ("fc1.weight", "[128, 3136]", "float32", "parameter", "yes", "≠ shape", "401,408", "cpu", "")
    assert row.key == "head.fc1.weight"
    assert row.tips[0] == "head.fc1.weight"
    assert row.roles[5] == "shape"


def test_that_lazy_frozen_tied_and_unsaved_parameters_say_so() -> None:
    lazy = rows.parameter_row(parameter("w", None), {})
    frozen = rows.parameter_row(parameter("w", (1,), requires_grad=False), {})
    buffer = rows.parameter_row(parameter("b", (1,), "buffer", persistent=False), {})
    tied = rows.parameter_row(parameter("w", (1,), tied_to=("v", "u")), {})
    assert lazy.cells[1] == "not yet known"
    assert (frozen.cells[4], frozen.roles[4]) == ("no", "info")
    assert (buffer.cells[3], buffer.cells[4], buffer.roles[4]) == ("buffer, not in state_dict", "no", None)
    assert tied.cells[8] == "v, u"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("bias", ["a.bias"]),
        ("[*,*]", ["a.weight"]),
        ("dtype:bf16", ["b.scale"]),
        ("kind:buffer", ["b.scale"]),
        ("checkpoint:missing", ["a.bias"]),
        ("grad:no", ["b.scale"]),
        ("tied:other", ["a.weight"]),
    ],
)
def test_that_parameters_are_found_by_every_column(text: str, keys: list[str]) -> None:
    entries = [
        parameter("a.weight", (2, 3), tied_to=("other.weight",)),
        parameter("a.bias", (2,)),
        parameter("b.scale", (2,), "buffer", dtype="bfloat16"),
    ]
    found = matching(text, rows.PARAMETER_COLUMNS, [rows.parameter_haystack(entry, {"a.bias": "missing"}) for entry in entries])
    assert [entries[position].key for position in found] == keys


@pytest.mark.parametrize("column", range(len(rows.PARAMETER_COLUMNS)))
def test_that_every_column_of_the_parameters_sorts(column: int) -> None:
    entries = [parameter("b", (3,)), parameter("a", None), parameter("c", (2, 2), "buffer")]
    assert len(sorted(entries, key=lambda entry: rows.parameter_order(entry, column))) == 3


def test_that_parameters_sort_by_their_number_and_not_by_its_text() -> None:
    entries = [parameter("a", (9,)), parameter("b", (1000,)), parameter("c", (20,))]
    assert [entry.key for entry in sorted(entries, key=lambda entry: rows.parameter_order(entry, 6))] == ["a", "c", "b"]


def test_that_statuses_come_from_the_diff_by_the_keys_of_the_model() -> None:
    diff = state_dict_diff([KeyEntry("a", (1,), "float32"), KeyEntry("b", (1,), "float32")], [KeyEntry("a", (1,), "float32")])
    assert rows.statuses_by_key(diff) == {"a": "matched", "b": "missing"}
    assert rows.statuses_by_key(None) == {}


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
    assert model.index(row, 5).data() == "0"
    assert model.index(row, 5).data(Qt.ItemDataRole.ForegroundRole) is None
    model.set_calls(panel_data.good_calls(), complete=True)
    assert model.index(row, 5).data(Qt.ItemDataRole.ForegroundRole) is not None
    assert "not called" in model.index(row, 5).data(Qt.ItemDataRole.ToolTipRole)


def test_that_calls_can_arrive_bit_by_bit() -> None:
    model = ModuleTreeModel(panel_data.tree())
    for call in panel_data.good_calls():
        model.add_calls([call])
    assert column(model, 5) == ["1", "1", "1", "0", "1", "1", "1", "1", "2", "1"]


def test_that_a_problem_marks_its_module_and_says_inside_around_it() -> None:
    model = ModuleTreeModel(panel_data.tree())
    model.set_problems([panel_data.MISMATCH])
    assert model.index(model.position_of("head.fc1"), 0).data() == "fc1  ✖"
    assert [text for text in column(model, 6) if text] == ["✖ inside", "✖ inside", "✖ error"]
    assert model.index(model.position_of("head.fc1"), 0).data(Qt.ItemDataRole.ForegroundRole) is not None


def test_that_a_screen_reader_hears_level_path_class_and_problem() -> None:
    model = ModuleTreeModel(panel_data.tree())
    model.set_problems([panel_data.MISMATCH])
    spoken = Qt.ItemDataRole.AccessibleTextRole
    assert model.index(0, 0).data(spoken) == "level 1, (model), Classifier, inside, open"
    assert model.index(model.position_of("head.fc1"), 0).data(spoken) == "level 3, head.fc1, Linear, error"


def test_that_parameters_below_a_module_are_its_own_and_those_of_its_parts() -> None:
    model = ModuleTreeModel(panel_data.tree())
    assert [entry.key for entry in model.parameters_below("head")] == [
        "head.fc1.weight",
        "head.fc1.bias",
        "head.fc2.weight",
        "head.fc2.bias",
    ]
    assert [entry.key for entry in model.parameters_below("head.fc2")] == ["head.fc2.weight", "head.fc2.bias"]
    assert model.parameters_below("head.act") == []
    for everything in ("", None):
        assert model.parameters_below(everything) == list(opened().tree.parameters)
