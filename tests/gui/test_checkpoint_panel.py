"""The Checkpoint panel on a workbench."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyleOptionViewItem

from gui import panel_data
from gui.conftest import PATIENCE_MS
from gui.panel_data import open_panel, shown_column
from torchloupe.gui.checkpoint.building import AT_ONCE, STEPS_AT_ONCE, BuildRows
from torchloupe.gui.checkpoint.panel import CheckpointModel, CheckpointPanel
from torchloupe.gui.theme import em
from torchloupe.gui.workbench import Selection
from torchloupe.wire.contents import CheckpointContents


@pytest.fixture
def panel(qtbot: Any) -> CheckpointPanel:
    return open_panel(qtbot, CheckpointPanel)


@pytest.fixture
def full_panel(panel: CheckpointPanel) -> CheckpointPanel:
    """With the classifier's checkpoint, flat."""
    panel.set_tree(False)
    panel.workbench.set_checkpoint(panel_data.checkpoint())
    return panel


@pytest.fixture
def tree_panel(panel: CheckpointPanel) -> CheckpointPanel:
    """With a trained layer and its optimizer, as a tree."""
    panel.workbench.set_checkpoint(panel_data.trained())
    return panel


def many(count: int) -> CheckpointContents:
    """A model and an optimizer of so many tensors each."""
    model = [panel_data.stored(f"layer{number}.weight", (1,), "model") for number in range(count)]
    other = [panel_data.stored(f"state.{number}.exp_avg", (1,), "optimizer") for number in range(count)]
    return CheckpointContents("/m.pt", "PyTorch zip", 10, 10, (*model, *other))


def test_that_the_model_obeys_qt(qtmodeltester: Any) -> None:
    model = CheckpointModel()
    qtmodeltester.check(model)
    model.set_checkpoint_rows(BuildRows(panel_data.checkpoint(), "ema", as_tree=True)())
    qtmodeltester.check(model)
    model.toggle(0)
    model.set_filter("fc")
    qtmodeltester.check(model)


def test_that_an_empty_panel_says_what_to_do_and_that_nothing_is_executed(panel: CheckpointPanel) -> None:
    assert panel.table.empty.isVisible()
    assert panel.table.empty.label.text().startswith("No checkpoint yet. Drop a file anywhere")
    assert "nothing in it is executed" in panel.table.empty.label.text()
    assert not panel.header.isVisible()


def test_that_the_header_names_file_format_and_totals(full_panel: CheckpointPanel) -> None:
    assert full_panel.name.text() == "last.pt"
    assert full_panel.name.toolTip() == "/models/last.pt"
    assert full_panel.about.text().startswith("PyTorch zip  ·  read 8.19 kB of")
    assert full_panel.totals.text().startswith("26 tensors")


def test_that_the_models_container_is_chosen_and_all_others_are_offered(full_panel: CheckpointPanel) -> None:
    offered = [full_panel.containers.itemData(number) for number in range(full_panel.containers.count())]
    assert offered == ["model_state_dict", "ema", "optimizer_state_dict"]
    assert full_panel.containers.currentData() == "model_state_dict"


def test_that_another_container_can_be_chosen(full_panel: CheckpointPanel) -> None:
    full_panel.containers.setCurrentIndex(1)
    full_panel.containers.activated.emit(1)
    assert full_panel.workbench.container == "ema"
    assert full_panel.containers.currentData() == "ema"
    ema = full_panel.model.index(full_panel.model.position_of(12), 0)
    assert ema.data() == "ema"
    assert ema.data(Qt.ItemDataRole.ForegroundRole) is not None


def test_that_a_model_that_fits_another_container_changes_the_choice(full_panel: CheckpointPanel) -> None:
    full_panel.workbench.set_model(panel_data.opened())
    assert full_panel.containers.currentData() == full_panel.workbench.container


def test_that_choosing_a_tensor_selects_it(full_panel: CheckpointPanel) -> None:
    full_panel.table.view.selectRow(3)
    assert full_panel.workbench.selection == Selection(stored=panel_data.checkpoint().tensors[2])


def test_that_choosing_a_group_or_a_value_selects_nothing(full_panel: CheckpointPanel) -> None:
    full_panel.table.view.selectRow(0)
    full_panel.table.view.selectRow(full_panel.model.rowCount() - 2)
    assert full_panel.workbench.selection == Selection()


def test_that_a_tensor_selected_elsewhere_is_shown_even_in_a_closed_group(full_panel: CheckpointPanel) -> None:
    full_panel.model.toggle(0)
    tensor = full_panel.workbench.checkpoint.tensors[5]
    full_panel.workbench.select_stored(tensor)
    row = full_panel.table.view.currentIndex().row()
    assert full_panel.model.index(row, 0).data() == tensor.key


def test_that_a_selection_of_something_else_leaves_the_row(full_panel: CheckpointPanel) -> None:
    full_panel.table.view.selectRow(3)
    full_panel.workbench.select_module("")
    assert full_panel.table.view.currentIndex().row() == 3


def test_that_importable_names_are_folded_at_first(full_panel: CheckpointPanel) -> None:
    assert "Names in its pickle" in shown_column(full_panel.table, 0)
    assert "torch._utils._rebuild_tensor_v2" not in shown_column(full_panel.table, 0)


def test_that_typing_filters_and_keeps_the_groups(full_panel: CheckpointPanel) -> None:
    full_panel.focus_filter()
    QTest.keyClicks(full_panel.table.filter, "fc2 dtype:bf16")
    assert shown_column(full_panel.table, 0) == ["ema", "head.fc2.weight", "head.fc2.bias"]


def test_that_a_screen_reader_hears_key_and_note(full_panel: CheckpointPanel) -> None:
    spoken = full_panel.model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "level 1, model_state_dict, 11 tensors, the model's state_dict, 421,669 numbers, open"


def test_that_copied_rows_are_what_is_shown(full_panel: CheckpointPanel) -> None:
    full_panel.table.view.selectRow(1)
    assert full_panel.copy_rows() == "module.encoder.conv1.weight\t[32, 3, 3, 3]\tfloat32\t3.46 kB\t"


def test_that_closing_the_checkpoint_empties_the_panel(full_panel: CheckpointPanel) -> None:
    full_panel.workbench.set_checkpoint(None)
    assert full_panel.table.empty.isVisible()
    assert not full_panel.header.isVisible()


def test_that_a_shorter_checkpoint_replaces_a_longer_one_while_a_late_row_is_selected(full_panel: CheckpointPanel) -> None:
    full_panel.workbench.select_stored(full_panel.workbench.checkpoint.tensors[-1])
    short = CheckpointContents("/short.pt", "PyTorch zip", 10, 10, (panel_data.stored("w", (1,), ""),))
    full_panel.workbench.set_checkpoint(short)
    assert shown_column(full_panel.table, 0) == ["(top of the file)", "w"]
    assert full_panel.workbench.selection == Selection()


def test_that_a_large_group_is_closed_unless_it_is_the_models(panel: CheckpointPanel, qtbot: Any) -> None:
    panel.set_tree(False)
    panel.workbench.set_checkpoint(many(2500))
    qtbot.waitUntil(lambda: panel.model.rowCount() == 1 + 2500 + 1, timeout=PATIENCE_MS)


def test_that_very_many_rows_are_built_on_a_thread_while_the_header_is_there(panel: CheckpointPanel, qtbot: Any) -> None:
    panel.workbench.set_checkpoint(many(AT_ONCE))
    assert panel.model.rowCount() == 0
    assert panel.name.text() == "m.pt"
    assert panel.table.empty.label.text() == "Listing the tensors …"
    qtbot.waitUntil(lambda: panel.model.rowCount() > 0, timeout=PATIENCE_MS)
    assert panel.totals.text().startswith("2,000 tensors")
    assert panel.containers.currentData() == "model"


def test_that_the_many_steps_of_an_optimizer_are_read_on_a_thread() -> None:
    def question(count: int) -> BuildRows:
        steps = [panel_data.stored(f"state.{number}.step", (), "optimizer") for number in range(count)]
        return BuildRows(CheckpointContents("/m.pt", "torch zip", 0, 0, tuple(steps)), "", True)

    assert not question(STEPS_AT_ONCE).is_large
    assert question(STEPS_AT_ONCE + 1).is_large


def test_that_rows_of_a_checkpoint_that_was_closed_meanwhile_are_not_shown(panel: CheckpointPanel, qtbot: Any) -> None:
    panel.workbench.set_checkpoint(many(AT_ONCE))
    panel.workbench.set_checkpoint(panel_data.trained())
    qtbot.waitUntil(lambda: not panel.jobs.busy, timeout=PATIENCE_MS)
    assert panel.totals.text().startswith("6 tensors")


def test_that_a_tensor_selected_before_the_rows_are_there_is_shown_with_them(panel: CheckpointPanel, qtbot: Any) -> None:
    contents = many(AT_ONCE)
    panel.workbench.set_checkpoint(contents)
    panel.workbench.select_stored(contents.tensors[700])
    qtbot.waitUntil(lambda: panel.model.rowCount() > 0, timeout=PATIENCE_MS)
    assert panel.table.view.currentIndex().data() == "layer700.weight"


def test_that_a_tree_is_shown_at_first_and_the_button_makes_it_flat_and_back(tree_panel: CheckpointPanel) -> None:
    assert shown_column(tree_panel.table, 0)[:4] == ["model", "fc", "weight", "bias"]
    assert tree_panel.tree_button.isChecked()
    tree_panel.tree_button.click()
    assert shown_column(tree_panel.table, 0)[:3] == ["model", "fc.weight", "fc.bias"]
    assert not tree_panel.tree_button.isChecked()
    tree_panel.tree_button.click()
    assert shown_column(tree_panel.table, 0)[2] == "weight"


def test_that_the_selected_tensor_stays_selected_in_the_other_view(tree_panel: CheckpointPanel) -> None:
    moment = tree_panel.workbench.checkpoint.tensors[3]
    tree_panel.workbench.select_stored(moment)
    assert tree_panel.table.view.currentIndex().data() == "exp_avg_sq"
    tree_panel.set_tree(False)
    assert tree_panel.table.view.currentIndex().data() == "state.0.exp_avg_sq"
    assert tree_panel.workbench.selection == Selection(stored=moment)


def test_that_typing_finds_moments_by_the_parameter_they_belong_to(tree_panel: CheckpointPanel) -> None:
    tree_panel.table.filter.setText('"of fc.bias"')
    assert shown_column(tree_panel.table, 0) == ["optimizer", "fc.bias", "exp_avg", "exp_avg_sq"]


def test_that_copied_rows_of_a_tree_have_whole_keys_and_titles(tree_panel: CheckpointPanel) -> None:
    tree_panel.table.view.selectRow(2)
    assert tree_panel.copy_rows() == "fc.weight\t[4, 3]\tfloat32\t48 B\t"
    assert tree_panel.copied_table().titles[0] == "Key"


LONG_KEY = "transformer.layers.0.post_attention_layernorm.weight"


def long_keys() -> CheckpointContents:
    return CheckpointContents("/m.pt", "PyTorch zip", 10, 10, (panel_data.stored(LONG_KEY, (1,), "model"),))


@pytest.mark.parametrize("as_tree", [True, False])
def test_that_keys_are_whole_where_there_is_room(panel: CheckpointPanel, as_tree: bool) -> None:
    panel.set_tree(as_tree)
    panel.workbench.set_checkpoint(long_keys())
    panel.resize(1100, 600)
    view, header = panel.table.view, panel.table.view.horizontalHeader()
    assert header.sectionSize(0) > view.fontMetrics().horizontalAdvance(LONG_KEY)
    assert header.length() == view.viewport().width()


def test_that_keys_take_what_shape_or_value_leave_where_there_is_none(panel: CheckpointPanel) -> None:
    panel.workbench.set_checkpoint(long_keys())
    panel.resize(330, 600)
    header = panel.table.view.horizontalHeader()
    assert header.sectionSize(0) + header.sectionSize(1) == panel.table.view.viewport().width()
    assert header.sectionSize(1) == em(panel, 7)
    assert panel.table.view.model().index(1, 0).data(Qt.ItemDataRole.ToolTipRole) == f"model.{LONG_KEY}"


def test_that_no_column_is_cut_by_the_edge_while_keys_are_short(tree_panel: CheckpointPanel) -> None:
    header, view = tree_panel.table.view.horizontalHeader(), tree_panel.table.view
    for width in range(300, 1000, 50):
        tree_panel.resize(width, 600)
        ends = [header.sectionPosition(number) + header.sectionSize(number) for number in range(header.count())]
        assert view.viewport().width() in ends
        assert header.sectionSize(0) >= em(tree_panel, 9)


def test_that_a_key_that_is_too_long_keeps_its_end(panel: CheckpointPanel) -> None:
    panel.workbench.set_checkpoint(long_keys())
    option = QStyleOptionViewItem()
    panel.table.view.itemDelegateForColumn(0).initStyleOption(option, panel.model.index(1, 0))
    assert option.textElideMode == Qt.TextElideMode.ElideLeft


def test_that_a_column_that_was_dragged_keeps_its_width(tree_panel: CheckpointPanel) -> None:
    header = tree_panel.table.view.horizontalHeader()
    header.resizeSection(0, 123)
    tree_panel.resize(1000, 600)
    assert header.sectionSize(0) == 123


def test_that_the_window_has_a_command_for_the_tree_that_the_button_presses(window: Any) -> None:
    window.workbench.set_checkpoint(panel_data.trained())
    window.opening.opened.emit("checkpoint", "/models/trained.pt")
    panel = window.docks.panels["checkpoint"].inside()
    action = window.actions_by_id["view.checkpoint_tree"]
    window.actions_by_id.refresh()
    assert action.isEnabled()
    assert action.isChecked()
    action.trigger()
    assert not panel.as_tree
    panel.tree_button.click()
    assert panel.as_tree
    assert action.isChecked()
