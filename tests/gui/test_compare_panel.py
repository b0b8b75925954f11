"""The Compare panel on a workbench."""

from typing import Any

import pytest
from PySide6.QtTest import QTest

from gui import panel_data
from gui.panel_data import open_panel, shown_column
from torchloupe.gui.compare import model as rows
from torchloupe.gui.compare.panel import SHOWN_CAUSES, ComparePanel
from torchloupe.gui.walking import step_difference
from torchloupe.gui.workbench import Selection
from torchloupe.wire.contents import CheckpointContents


@pytest.fixture
def panel(qtbot: Any) -> ComparePanel:
    return open_panel(qtbot, ComparePanel)


@pytest.fixture
def full_panel(panel: ComparePanel) -> ComparePanel:
    panel.workbench.set_checkpoint(panel_data.checkpoint())
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.use_container("model_state_dict")
    return panel


def checkpoint_like_the_model(*without: str, extra: tuple[str, ...] = ()) -> CheckpointContents:
    """A checkpoint with the model's own keys."""
    kept = [panel_data.stored(key, shape, "") for key, shape, _ in panel_data.PARAMETERS if key not in without]
    return CheckpointContents("/good.pt", "PyTorch zip", 10, 10, (*kept, *(panel_data.stored(key, (1,), "") for key in extra)))


def test_that_an_empty_panel_says_which_side_is_missing(panel: ComparePanel) -> None:
    assert panel.table.empty.label.text().startswith("Nothing to compare yet.")
    panel.workbench.set_checkpoint(panel_data.checkpoint())
    assert panel.table.empty.label.text() == "One side is open: the checkpoint. Drop the model's file, or choose one."
    assert not panel.header.isVisible()


def test_that_an_open_model_waits_for_a_checkpoint(panel: ComparePanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    assert panel.table.empty.label.text() == "One side is open: the model. Drop a checkpoint."


def test_that_headline_causes_and_chips_tell_the_story(full_panel: ComparePanel) -> None:
    assert full_panel.headline.text().startswith(
        "Model Classifier expects 11 keys, checkpoint model_state_dict of last.pt has 11"
    )
    assert "module." in full_panel.causes.text()
    assert [chip.text() for chip in full_panel.chips.values()] == ["→ renamed 9", "↕ resized 2"]


def test_that_keys_are_shown_in_full_where_there_is_room(full_panel: ComparePanel) -> None:
    view = full_panel.table.view
    full_panel.resize(1300, 500)
    for column in (rows.MODEL_KEY, rows.CHECKPOINT_KEY):
        longest = max(shown_column(full_panel.table, column), key=len)
        assert view.columnWidth(column) > view.fontMetrics().horizontalAdvance(longest)


def test_that_a_chip_shows_only_its_rows_and_lets_go_again(full_panel: ComparePanel) -> None:
    full_panel.chips["resized"].click()
    assert set(shown_column(full_panel.table, 0)) == {"↕ resized"}
    assert not full_panel.only_differences.isEnabled()
    full_panel.chips["renamed"].click()
    assert len(shown_column(full_panel.table, 0)) == 11
    full_panel.chips["renamed"].click()
    full_panel.chips["resized"].click()
    assert len(shown_column(full_panel.table, 0)) == 11
    assert full_panel.only_differences.isEnabled()


def test_that_only_differences_are_shown_until_asked_otherwise(panel: ComparePanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.set_checkpoint(checkpoint_like_the_model("head.fc2.bias"))
    assert shown_column(panel.table, 0) == ["− missing"]
    panel.only_differences.setChecked(False)
    assert len(shown_column(panel.table, 0)) == 11
    assert panel.only_differences.isVisible()


def test_that_a_checkpoint_that_fits_shows_all_its_keys(panel: ComparePanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.set_checkpoint(checkpoint_like_the_model())
    assert panel.headline.text().startswith("✓ All 11 keys of model Classifier match")
    assert set(shown_column(panel.table, 0)) == {"= matched"}
    assert not panel.causes.isVisible()
    assert not panel.only_differences.isVisible()


def test_that_choosing_a_row_selects_the_parameter_of_the_model(full_panel: ComparePanel) -> None:
    full_panel.table.view.selectRow(0)
    assert full_panel.workbench.selection == Selection(module="encoder.conv1", parameter="encoder.conv1.weight")


def test_that_choosing_an_unexpected_row_selects_the_tensor_of_the_checkpoint(panel: ComparePanel) -> None:
    panel.workbench.set_model(panel_data.opened())
    panel.workbench.set_checkpoint(checkpoint_like_the_model(extra=("foreign.thing",)))
    panel.table.view.selectRow(shown_column(panel.table, 2).index("foreign.thing"))
    assert panel.workbench.selection.stored is not None
    assert panel.workbench.selection.stored.key == "foreign.thing"


def test_that_the_panel_follows_a_parameter_and_a_stored_tensor(full_panel: ComparePanel) -> None:
    full_panel.workbench.select_parameter("head.fc1.bias")
    assert full_panel.table.current_key() == ("head.fc1.bias", "module.head.fc1.bias")
    full_panel.workbench.select_stored(full_panel.workbench.checkpoint.tensors[0])
    assert full_panel.table.current_key() == ("encoder.conv1.weight", "module.encoder.conv1.weight")


def test_that_a_tensor_of_another_container_is_not_followed(full_panel: ComparePanel) -> None:
    full_panel.table.view.selectRow(4)
    before = full_panel.table.current_key()
    full_panel.workbench.select_stored(full_panel.workbench.checkpoint.tensors[12])
    assert full_panel.table.current_key() == before


def test_that_a_parameter_that_is_filtered_away_leaves_no_row_selected(full_panel: ComparePanel) -> None:
    full_panel.table.view.selectRow(1)
    full_panel.chips["resized"].click()
    full_panel.workbench.select_parameter("encoder.conv1.weight")
    assert full_panel.table.current_key() is None


def test_that_going_to_the_next_difference_moves_the_row(full_panel: ComparePanel) -> None:
    step_difference(full_panel.workbench, 1)
    assert full_panel.table.view.currentIndex().row() == 0
    step_difference(full_panel.workbench, 1)
    assert full_panel.table.view.currentIndex().row() == 1


def test_that_another_container_is_compared_anew(full_panel: ComparePanel) -> None:
    full_panel.chips["renamed"].click()
    full_panel.workbench.use_container("ema")
    assert "renamed" not in full_panel.chips
    assert full_panel.headline.text().startswith("Model Classifier expects 11 keys, checkpoint ema of last.pt has 13")


def test_that_a_chip_stays_chosen_when_the_other_container_has_its_status_too(full_panel: ComparePanel) -> None:
    full_panel.chips["resized"].click()
    full_panel.workbench.use_container("ema")
    assert full_panel.chips["resized"].isChecked()
    assert {text.split()[-1] for text in shown_column(full_panel.table, 0)} == {"resized"}


def test_that_filtering_and_copying_work_on_what_is_shown(full_panel: ComparePanel) -> None:
    full_panel.focus_filter()
    QTest.keyClicks(full_panel.table.filter, "fc2 weight")
    full_panel.table.view.selectAll()
    assert full_panel.copy_rows().startswith(
        "↕ resized\thead.fc2.weight\tmodule.head.fc2.weight\t80 %\t[10, 128]\t[5, 128]\tresized"
    )


def test_that_closing_a_side_empties_the_panel(full_panel: ComparePanel) -> None:
    full_panel.workbench.set_model(None)
    assert full_panel.table.empty.isVisible()
    assert not full_panel.chips
    assert not full_panel.header.isVisible()


def test_that_many_causes_are_cut_with_a_word(full_panel: ComparePanel, monkeypatch: pytest.MonkeyPatch) -> None:
    diff = full_panel.workbench.diff
    causes = diff.causes[:1] * (SHOWN_CAUSES + 3)
    full_panel.workbench.diff = type(diff)(diff.rows, diff.mapping, diff.counts, causes)
    full_panel.workbench.diff_changed.emit()
    lines = full_panel.causes.text().split("\n")
    assert len(lines) == SHOWN_CAUSES + 1
    assert lines[-1] == "• 3 more causes stand in the list of problems."


def test_that_the_old_part_of_a_key_is_struck_in_its_colour(full_panel: ComparePanel) -> None:
    model, view = full_panel.model, full_panel.table.view
    key = view.visualRect(model.index(0, 2))
    same = view.visualRect(model.index(0, 1))
    picture = view.viewport().grab().toImage()
    red = [
        sum(
            1
            for x in range(rect.left(), min(rect.right(), picture.width()))
            for y in range(rect.top(), rect.bottom())
            if is_red(picture.pixelColor(x, y))
        )
        for rect in (key, same)
    ]
    assert red[0] > 20
    assert red[1] == 0


def is_red(color: Any) -> bool:
    """Like what is missing in the light theme."""
    return bool(color.red() > color.blue() + 60 and color.red() > color.green() + 40)
