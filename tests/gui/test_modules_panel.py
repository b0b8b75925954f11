"""The Modules panel on a workbench."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui import panel_data
from gui.panel_data import fail_in_fc1, open_panel, run_well, shown_column
from torchloupe.gui.modules.panel import ModulesPanel
from torchloupe.gui.workbench import Selection


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
    assert panel.parameters_of.text() == "the model: 10 parameters, 1 buffer"


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
    assert panel.parameters_of.text() == "head.fc2: 2 parameters, 0 buffers"


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
    assert shown_column(panel.tree, 6) == ["✖ inside", "", "", "", "", "", "✖ inside", "✖ error", "", ""]
    assert shown_column(panel.tree, 5) == ["1", "1", "1", "1", "1", "1", "1", "1", "0", "0"]
    never = panel.tree_model.index(panel.tree_model.position_of("head.fc2"), 5)
    assert never.data(Qt.ItemDataRole.ForegroundRole) is None


def test_that_a_whole_run_makes_the_module_without_calls_stand_out(panel: ModulesPanel) -> None:
    run_well(panel.workbench)
    never = panel.tree_model.index(panel.tree_model.position_of("encoder.bn1"), 5)
    assert never.data() == "0"
    assert never.data(Qt.ItemDataRole.ForegroundRole) is not None


def test_that_calls_count_up_while_the_run_goes_on(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.begin_run()
    assert set(shown_column(panel.tree, 5)) == {"0"}
    panel.workbench.add_calls(panel_data.good_calls()[:2])
    assert shown_column(panel.tree, 5)[2:5] == ["1", "0", "1"]


def test_that_an_open_checkpoint_shows_the_status_of_every_key(panel: ModulesPanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    assert set(shown_column(panel.parameters, 5)) == {""}
    panel.workbench.set_checkpoint(panel_data.checkpoint())
    assert set(shown_column(panel.parameters, 5)) == {"→ renamed", "≠ shape"}


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
    assert panel.parameters_of.text().startswith("the model:")
