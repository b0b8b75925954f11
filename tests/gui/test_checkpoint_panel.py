"""The Checkpoint panel on a workbench."""

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui import panel_data
from gui.panel_data import open_panel, shown_column
from torchloupe.gui.checkpoint.model import CheckpointRows
from torchloupe.gui.checkpoint.panel import CheckpointModel, CheckpointPanel
from torchloupe.gui.workbench import Selection
from torchloupe.wire.contents import CheckpointContents


@pytest.fixture
def panel(qtbot: Any) -> CheckpointPanel:
    return open_panel(qtbot, CheckpointPanel)


@pytest.fixture
def full_panel(panel: CheckpointPanel) -> CheckpointPanel:
    panel.workbench.set_checkpoint(panel_data.checkpoint())
    return panel


def test_that_the_model_obeys_qt(qtmodeltester: Any) -> None:
    model = CheckpointModel()
    qtmodeltester.check(model)
    model.set_checkpoint_rows(CheckpointRows(panel_data.checkpoint(), "ema"))
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
    assert "Names that its pickle mentions" in shown_column(full_panel.table, 0)
    assert "torch._utils._rebuild_tensor_v2" not in shown_column(full_panel.table, 0)


def test_that_typing_filters_and_keeps_the_groups(full_panel: CheckpointPanel) -> None:
    full_panel.focus_filter()
    QTest.keyClicks(full_panel.table.filter, "fc2 dtype:bf16")
    assert shown_column(full_panel.table, 0) == ["ema", "head.fc2.weight", "head.fc2.bias"]


def test_that_a_screen_reader_hears_key_and_note(full_panel: CheckpointPanel) -> None:
    spoken = full_panel.model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "level 1, model_state_dict, 11 tensors, state_dict, the model's, open"


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


def test_that_a_large_group_is_closed_unless_it_is_the_models(panel: CheckpointPanel) -> None:
    model = [panel_data.stored(f"layer{number}.weight", (1,), "model") for number in range(2500)]
    other = [panel_data.stored(f"state.{number}.exp_avg", (1,), "optimizer") for number in range(2500)]
    panel.workbench.set_checkpoint(CheckpointContents("/m.pt", "PyTorch zip", 10, 10, (*model, *other)))
    assert panel.model.rowCount() == 1 + 2500 + 1
