"""The Modules panel on a workbench."""

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui import panel_data
from gui.panel_data import fail_in_fc1, open_panel, run_well, shown_column
from torchloupe.analysis.wording import flops_text
from torchloupe.gui.modules.columns import CALLS, COLUMNS, STATE
from torchloupe.gui.modules.panel import ModulesPanel
from torchloupe.gui.settings import FOLD_BLOCKS, Settings
from torchloupe.gui.workbench import Selection
from torchloupe.wire.modules import ModuleEntry, ModuleTree
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import HiddenPart

TITLES = [column.title for column in COLUMNS]


@pytest.fixture
def panel(qtbot: Any) -> ModulesPanel:
    return open_panel(qtbot, ModulesPanel)


def test_that_an_empty_panel_says_what_is_missing(panel: ModulesPanel) -> None:
    assert panel.tree.empty.isVisible()
    assert "No model yet" in panel.tree.empty.label.text()
    assert not panel.below.isVisible()


def test_that_a_model_shows_its_modules_and_all_parameters(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    assert shown_column(panel.tree, 0)[:3] == ["(model)", "encoder", "conv1"]
    assert len(shown_column(panel.parameters, 0)) == len(panel_data.PARAMETERS)
    assert panel.below.heading.text() == "the model: 10 parameters, 1 buffer"


def test_that_closing_the_model_empties_the_panel(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.set_model(None)
    assert panel.tree.empty.isVisible()
    assert not panel.below.isVisible()


def test_that_choosing_a_module_selects_it_and_lists_what_it_owns(panel: ModulesPanel) -> None:
    run_well(panel.workbench)
    panel.tree.view.selectRow(panel.tree_model.position_of("head.fc2"))
    assert panel.workbench.selection == Selection(module="head.fc2", call=9)
    assert shown_column(panel.parameters, 0) == ["weight", "bias"]
    assert panel.below.heading.text() == "head.fc2: 2 parameters, 0 buffers"


def test_that_the_panel_follows_a_selection_made_elsewhere(panel: ModulesPanel) -> None:
    run_well(panel.workbench)
    panel.tree_model.toggle(panel.tree_model.position_of("head"))
    panel.workbench.select_call(6)
    assert panel.tree.current_key() == "head.fc1"
    assert shown_column(panel.parameters, 0) == ["weight", "bias"]


def test_that_choosing_a_parameter_selects_it_and_leaves_the_list_alone(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.parameters.view.selectRow(7)
    assert panel.workbench.selection == Selection(module="head.fc1", parameter="head.fc1.weight")
    assert panel.tree.current_key() == "head.fc1"
    assert len(shown_column(panel.parameters, 0)) == len(panel_data.PARAMETERS)
    assert panel.parameters.current_key() == "head.fc1.weight"


def test_that_a_parameter_that_is_not_listed_brings_its_module(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.select_module("encoder")
    panel.workbench.select_parameter("head.fc2.bias")
    assert shown_column(panel.parameters, 0) == ["weight", "bias"]
    assert panel.parameters.current_key() == "head.fc2.bias"


def test_that_a_selection_without_module_changes_nothing(panel: ModulesPanel) -> None:
    panel.workbench.set_checkpoint(panel_data.checkpoint())
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.select_module("head")
    panel.workbench.select_stored(panel_data.checkpoint().tensors[0])
    assert panel.tree.current_key() == "head"


def test_that_a_failed_run_marks_where_and_selects_it(panel: ModulesPanel) -> None:
    fail_in_fc1(panel.workbench)
    assert panel.tree.current_key() == "head.fc1"
    assert shown_column(panel.tree, STATE) == ["✖ inside", "", "", "", "", "", "✖ inside", "✖ error", "", ""]
    assert shown_column(panel.tree, CALLS) == ["1", "1", "1", "1", "1", "1", "1", "1", "0", "0"]
    never = panel.tree_model.index(panel.tree_model.position_of("head.fc2"), CALLS)
    assert never.data(Qt.ItemDataRole.ForegroundRole) is None


def test_that_a_whole_run_makes_the_module_without_calls_stand_out(panel: ModulesPanel) -> None:
    run_well(panel.workbench)
    never = panel.tree_model.index(panel.tree_model.position_of("encoder.bn1"), CALLS)
    assert never.data() == "0"
    assert never.data(Qt.ItemDataRole.ForegroundRole) is not None


def test_that_calls_count_up_while_the_run_goes_on(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.begin_run()
    assert set(shown_column(panel.tree, CALLS)) == {"0"}
    panel.workbench.add_calls(panel_data.good_calls()[:2])
    assert shown_column(panel.tree, CALLS)[2:5] == ["1", "0", "1"]


def test_that_an_open_checkpoint_shows_the_status_of_every_key(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    assert set(shown_column(panel.parameters, 5)) == {""}
    panel.workbench.set_checkpoint(panel_data.checkpoint())
    assert set(shown_column(panel.parameters, 5)) == {"→ renamed", "↕ resized"}


def test_that_filtering_finds_modules_with_what_is_around_them(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.focus_filter()
    QTest.keyClicks(panel.tree.filter, "fc")
    assert shown_column(panel.tree, 0) == ["(model)", "head", "fc1", "fc2"]
    QTest.keyClicks(panel.tree.filter, "xyz")
    assert panel.tree.view.isHidden() or not panel.tree.view.isVisible()


def test_that_ctrl_f_filters_the_half_that_has_the_focus(panel: ModulesPanel, qtbot: Any) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.activateWindow()
    panel.parameters.view.setFocus()
    panel.focus_filter()
    assert panel.focusWidget() is panel.parameters.filter
    panel.tree.view.setFocus()
    panel.focus_filter()
    assert panel.focusWidget() is panel.tree.filter


def test_that_copied_parameters_have_their_whole_keys(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.select_module("head.fc2")
    panel.activateWindow()
    panel.parameters.view.setFocus()
    assert [line.split("\t")[:2] for line in panel.copy_rows().split("\n")] == [
        ["head.fc2.weight", "[10, 128]"],
        ["head.fc2.bias", "[10]"],
    ]


def test_that_copied_modules_are_what_is_shown(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.tree.view.setFocus()
    panel.tree.view.selectRow(2)
    assert panel.copy_rows().split("\t")[:2] == ["conv1", "Conv2d"]


def test_that_a_reload_keeps_the_parameters_of_the_model(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.select_module("head")
    panel.workbench.set_model(panel_data.opened())
    assert panel.below.heading.text().startswith("the model:")


# what is hidden, and equal blocks

PARTS = tuple(HiddenPart("head", "parts", f"parts[{number}]", "module", "Linear", "list", 2, 20) for number in range(2))


def with_hidden() -> Any:
    tree = panel_data.tree()
    problem = Problem("unregistered-module", "A list.", module="head", attribute="parts")
    return panel_data.opened(tree=ModuleTree(tree.modules, tree.parameters, PARTS), problems=(problem,))


def with_blocks() -> Any:
    modules = [ModuleEntry("", "Net", 0, 0, 0, False), ModuleEntry("layers", "ModuleList", 0, 0, 0, False)]
    modules += [ModuleEntry(f"layers.{number}", "Block", 0, 0, 0, False) for number in range(3)]
    parameters = tuple(panel_data.parameter(f"layers.{number}.w", (2,)) for number in range(3))
    return panel_data.opened(tree=ModuleTree(tuple(modules), parameters))


def test_that_what_is_hidden_can_be_chosen_like_a_module(panel: ModulesPanel) -> None:
    panel.workbench.set_model(with_hidden())
    panel.tree.view.selectRow(panel.tree_model.position_of(PARTS[1]))
    assert panel.workbench.selection == Selection(module="head", hidden=PARTS[1])
    assert panel.tree.current_key() == PARTS[1]
    assert panel.below.heading.text() == "head: 4 parameters, 0 buffers"


def test_that_a_problem_about_what_is_hidden_leads_to_it(panel: ModulesPanel) -> None:
    panel.workbench.set_model(with_hidden())
    panel.workbench.select_problem(panel.workbench.problems[0])
    assert panel.tree.current_key() == PARTS[0]


def test_that_equal_blocks_are_chosen_together_and_stay_folded(panel: ModulesPanel) -> None:
    panel.workbench.set_model(with_blocks())
    panel.tree.view.selectRow(2)
    assert shown_column(panel.tree, 0) == ["(model)", "layers", "0–2"]
    assert panel.workbench.selection.module == "layers.0"
    assert panel.tree.current_key() == ("layers.0", ...)
    assert panel.below.heading.text() == "layers.0 to layers.2: 3 parameters, 0 buffers"
    assert shown_column(panel.parameters, 0) == ["layers.0.w", "layers.1.w", "layers.2.w"]


def test_that_a_block_that_is_selected_elsewhere_is_unfolded(panel: ModulesPanel) -> None:
    panel.workbench.set_model(with_blocks())
    panel.tree.view.selectRow(2)
    panel.workbench.select_module("layers.1")
    assert panel.tree.current_key() == "layers.1"
    assert shown_column(panel.parameters, 0) == ["w"]


def test_that_equal_hidden_parts_stand_for_the_first_of_them(panel: ModulesPanel) -> None:
    third = HiddenPart("head", "parts", "parts[2]", "module", "Linear", "list", 2, 20)
    tree = panel_data.tree()
    panel.workbench.set_model(panel_data.opened(tree=ModuleTree(tree.modules, tree.parameters, (*PARTS, third))))
    panel.tree.view.selectRow(panel.tree_model.position_of((PARTS[0], ...)))
    assert panel.workbench.selection.hidden == PARTS[0]
    assert panel.tree.current_key() == (PARTS[0], ...)


def test_that_the_keys_of_a_tree_unfold_equal_blocks(panel: ModulesPanel) -> None:
    panel.workbench.set_model(with_blocks())
    panel.tree.view.selectRow(2)
    QTest.keyClick(panel.tree.view, Qt.Key.Key_Right)
    assert shown_column(panel.tree, 0)[2:] == ["0–2", "0", "1", "2"]
    QTest.keyClick(panel.tree.view, Qt.Key.Key_Left)
    assert shown_column(panel.tree, 0)[2:] == ["0–2"]
    QTest.keyClick(panel.tree.view, Qt.Key.Key_Return)
    assert len(shown_column(panel.tree, 0)) == 6
    QTest.keyClick(panel.tree.view, Qt.Key.Key_Home)
    assert panel.tree.view.currentIndex().row() == 0
    QTest.keyClick(panel.tree.view, Qt.Key.Key_End)
    assert panel.workbench.selection.module == "layers.2"


def test_that_folding_is_switched_off_and_remembered(qtbot: Any) -> None:
    settings = Settings(None)
    panel = open_panel(qtbot, lambda bench, jobs: ModulesPanel(bench, jobs, settings))
    panel.workbench.set_model(with_blocks())
    panel.set_folded(False)
    assert shown_column(panel.tree, 0) == ["(model)", "layers", "0", "1", "2"]
    assert settings.text(FOLD_BLOCKS) == "0"
    assert not open_panel(qtbot, lambda bench, jobs: ModulesPanel(bench, jobs, settings)).tree_model.folded


def test_that_without_all_below_a_module_lists_its_own_parameters(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.select_module("head")
    panel.below.all_below.setChecked(False)
    assert shown_column(panel.parameters, 0) == []
    panel.workbench.select_module("head.fc2")
    assert shown_column(panel.parameters, 0) == ["weight", "bias"]
    panel.workbench.select_module("")
    panel.below.all_below.setChecked(True)
    assert len(shown_column(panel.parameters, 0)) == len(panel_data.PARAMETERS)


def test_that_columns_are_chosen_for_the_half_that_has_the_focus(panel: ModulesPanel, qtbot: Any) -> None:
    panel.workbench.set_model(panel_data.opened())
    opened: list[str] = []
    for name, choice in (("modules", panel.columns), ("parameters", panel.below.columns)):
        choice.open_menu = lambda name=name: opened.append(name)  # type: ignore[method-assign]
    panel.activateWindow()
    panel.parameters.view.setFocus()
    panel.choose_columns()
    panel.tree.view.setFocus()
    panel.choose_columns()
    assert opened == ["parameters", "modules"]


def test_that_only_the_columns_that_are_shown_are_copied(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.columns.show_columns(panel.columns.titles[3:], shown=False)
    assert panel.copied_table().titles == ("Module", "Class", "Parameters")
    assert panel.copy_rows().split("\n")[-1] == "fc2\tLinear\t1,290"


def test_that_lazy_parts_show_the_sizes_that_the_run_gave_them(panel: ModulesPanel) -> None:
    tree = panel_data.tree()
    unknown = tuple(replace(entry, shape=None, numel=0) for entry in tree.parameters)
    panel.workbench.set_model(panel_data.opened(tree=ModuleTree(tree.modules, unknown)))
    panel.workbench.select_module("head.fc2")
    assert shown_column(panel.parameters, 1) == ["not yet known", "not yet known"]
    panel.workbench.begin_run()
    panel.workbench.add_calls(panel_data.good_calls())
    panel.workbench.end_run(replace(panel_data.report(), materialised=tree))
    assert shown_column(panel.parameters, 1) == ["[10, 128]", "[10]"]
    assert panel.tree.current_key() == "head.fc2"
    assert shown_column(panel.tree, CALLS)[-1] == "1"


def test_that_what_the_calls_of_a_module_took_stands_beside_it_after_a_run(panel: ModulesPanel) -> None:
    time, flops = (TITLES.index(title) for title in ("Time", "FLOPs"))
    assert {"Time", "FLOPs"} <= set(panel.columns.hidden)
    panel.workbench.set_model(panel_data.opened())
    assert set(shown_column(panel.tree, time)) == {""}
    run_well(panel.workbench)
    named = dict(zip(shown_column(panel.tree, 0), shown_column(panel.tree, time), strict=True))
    computed = dict(zip(shown_column(panel.tree, 0), shown_column(panel.tree, flops), strict=True))
    assert (named["fc1"], computed["fc1"]) == ("2.94 ms", "1.61 MFLOPs")
    assert (named["act"], computed["act"]) == ("7.14 ms", "")  # both of its calls
    assert named["bn1"] == ""  # never called
    assert computed["encoder"] == flops_text(sum(2 * 2 * 14 * 14 * out * 9 * into for out, into in ((32, 3), (64, 32))))
    panel.workbench.begin_run()
    assert set(shown_column(panel.tree, flops)) == {""}
