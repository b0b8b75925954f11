"""Rows of the comparison between model and checkpoint."""

from typing import Any

import pytest
from PySide6.QtCore import Qt

from torchloupe.analysis.changed_parts import changed_parts
from torchloupe.analysis.diff_folding import RowGroup, unfolded
from torchloupe.analysis.row_filter import matching
from torchloupe.analysis.state_dict_diff import DiffRow, KeyEntry, StateDictDiff, state_dict_diff
from torchloupe.gui.compare import model as rows
from torchloupe.gui.compare.key_delegate import pieces
from torchloupe.gui.compare.model import CHANGED_ROLE, CompareModel, compare_row

WEIGHT = KeyEntry("fc.weight", (10, 128), "float32")
RENAMED = DiffRow("renamed", WEIGHT, KeyEntry("module.fc.weight", (10, 128), "float32"), "prefix module.", 1.0)
SHAPE = DiffRow("shape", WEIGHT, KeyEntry("fc.weight", (5, 128), "float32"), "", 1.0)
MISSING = DiffRow("missing", WEIGHT, None)
UNEXPECTED = DiffRow("unexpected", None, KeyEntry("old.bias", (3,), "int64"))
MATCHED = DiffRow("matched", WEIGHT, WEIGHT, "", 1.0)
ROWS = (RENAMED, SHAPE, MISSING, UNEXPECTED, MATCHED)
GROUPS = unfolded(ROWS)
TITLES = [column.title for column in rows.COLUMNS]


def shown(row: DiffRow) -> Any:
    """Its row of the table."""
    return compare_row(RowGroup((row,), row.expected.key if row.expected else "", row.found.key if row.found else ""))


def small_diff() -> StateDictDiff:
    """Two keys with a prefix, one missing, one matched."""
    expected = [KeyEntry(key, (2,), "float32") for key in ("a.weight", "b.weight", "c.weight")]
    found = [KeyEntry(key, (2,), "float32") for key in ("a.weight", "b.weight", "extra")]
    return state_dict_diff(expected, found)


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (RENAMED, ("→ renamed", "fc.weight", "module.fc.weight", "100 %", "[10, 128]", "[10, 128]", "prefix module.")),
        (
            SHAPE,
            (
                "≠ shape",
                "fc.weight",
                "fc.weight",
                "",
                "[10, 128]",
                "[5, 128]",
                "other shape: checkpoint [5, 128], model [10, 128]",
            ),
        ),
        (MISSING, ("− missing", "fc.weight", "", "", "[10, 128]", "", "missing in the checkpoint")),
        (UNEXPECTED, ("+ unexpected", "", "old.bias", "", "", "[3]", "not in the model")),
        (MATCHED, ("= matched", "fc.weight", "fc.weight", "", "[10, 128]", "[10, 128]", "")),
    ],
)
def test_that_a_row_names_both_sides_and_the_difference(row: DiffRow, cells: tuple[str, ...]) -> None:
    (group,) = unfolded([row])
    assert compare_row(group).cells == cells


def test_that_differing_shapes_are_coloured_on_both_sides() -> None:
    assert shown(SHAPE).roles[4] == shown(SHAPE).roles[5] == "shape"
    assert shown(RENAMED).roles[4] is None


def test_that_no_side_is_called_left_or_right() -> None:
    words = " ".join([*TITLES, *(" ".join(compare_row(group).cells) for group in GROUPS)]).lower()
    assert "left" not in words
    assert "right" not in words


@pytest.mark.parametrize(
    ("key", "other", "part"),
    [
        ("module.fc.weight", "fc.weight", "module."),
        ("fc.weight", "module.fc.weight", None),
        ("fc.weight", "fc.weight", None),
        ("encoder.layer.0.q.weight", "encoder.blocks.0.q.weight", "layer"),
        ("encoder.blocks.0.q.weight", "encoder.layer.0.q.weight", "blocks"),
        ("fc.weight", "head.out.kernel", "fc.weight"),
        ("fc.weight", "", None),
        ("net.fc.gamma", "net.fc.weight", "gamma"),
        ("fc.weight_orig", "fc.weight", "weight_orig"),
        ("a.a.w", "a.w", "a."),
        ("layers.0.attention.wq.weight", "model.layers.0.self_attn.q_proj.weight", "attention.wq"),
        ("_orig_mod.model.w", "w", "_orig_mod.model."),
        ("w.x", "w", "x"),
    ],
)
def test_that_the_part_that_the_other_side_has_not_is_found(key: str, other: str, part: str | None) -> None:
    spans = changed_parts(key, other)
    assert [key[slice(*span)] for span in spans] == ([part] if part else [])


@pytest.mark.parametrize(
    ("spans", "parts"),
    [
        (((0, 7),), [("module.", True), ("fc.w", False)]),
        (((7, 9),), [("module.", False), ("fc", True), (".w", False)]),
        (((0, 11),), [("module.fc.w", True)]),
        (((0, 6), (10, 11)), [("module", True), (".fc.", False), ("w", True)]),
    ],
)
def test_that_a_key_is_cut_into_pieces_without_losing_a_letter(
    spans: tuple[tuple[int, int], ...], parts: list[tuple[str, bool]]
) -> None:
    assert pieces("module.fc.w", spans) == parts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("status:renamed", [RENAMED]),
        ("module.", [RENAMED]),
        ("[5,*]", [SHAPE]),
        ("checkpoint:old", [UNEXPECTED]),
        ("model:fc -renamed -shape", [MISSING, MATCHED]),
        ("dtype", []),
        ("int64", [UNEXPECTED]),
    ],
)
def test_that_rows_are_found_by_status_keys_and_shapes(text: str, found: list[DiffRow]) -> None:
    kept = matching(text, TITLES, [rows.compare_haystack(group) for group in GROUPS])
    assert [ROWS[position] for position in kept] == found


@pytest.mark.parametrize("column", range(len(rows.COLUMNS)))
def test_that_every_column_sorts_rows_with_absent_sides(column: int) -> None:
    assert len(sorted(GROUPS, key=lambda group: rows.compare_order(group, column))) == len(ROWS)


def test_that_statuses_are_counted_in_their_order() -> None:
    assert rows.status_counts(small_diff()) == [("matched", 2), ("missing", 1), ("unexpected", 1)]
    assert rows.status_counts(None) == []


def test_that_only_differences_leave_matched_rows_out() -> None:
    diff = small_diff()
    assert [row.status for row in rows.rows_with_status(diff, (), True)] == ["missing", "unexpected"]
    assert len(rows.rows_with_status(diff, (), False)) == 4
    assert rows.rows_with_status(None, (), True) == []


def test_that_a_named_status_wins_over_only_differences() -> None:
    assert [row.status for row in rows.rows_with_status(small_diff(), {"matched"}, True)] == ["matched", "matched"]


def test_that_the_headline_names_model_checkpoint_and_counts() -> None:
    text = rows.headline(small_diff(), "model", "last.pt", "Net")
    assert text == "Model Net expects 3 keys, checkpoint model of last.pt has 3; 2 match as they are."


def test_that_the_headline_says_when_all_is_well() -> None:
    entry = KeyEntry("w", (1,), "float32")
    assert (
        rows.headline(state_dict_diff([entry], [entry]), "", "a.pt", "Net")
        == "✓ All 1 key of model Net match the checkpoint a.pt."
    )


@pytest.mark.parametrize(("status", "text"), [("renamed", "→ renamed 1,214"), ("missing", "− missing 1,214")])
def test_that_a_chip_has_glyph_word_and_number(status: str, text: str) -> None:
    assert rows.chip_text(status, 1214) == text


# the Qt model


def test_that_the_model_obeys_qt(qtmodeltester: Any) -> None:
    model = CompareModel()
    qtmodeltester.check(model)
    model.set_items(GROUPS)
    qtmodeltester.check(model)


def test_that_the_key_columns_answer_what_changed() -> None:
    model = CompareModel()
    model.set_items(unfolded([RENAMED, MISSING]))
    assert model.index(0, rows.CHECKPOINT_KEY).data(CHANGED_ROLE) == ((0, 7),)
    assert model.index(0, rows.MODEL_KEY).data(CHANGED_ROLE) is None
    assert model.index(0, 0).data(CHANGED_ROLE) is None
    assert model.index(1, rows.MODEL_KEY).data(CHANGED_ROLE) is None


def test_that_a_screen_reader_hears_the_status_in_words() -> None:
    model = CompareModel()
    model.set_items(unfolded([MISSING]))
    assert model.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole) == "Status: − missing"
    assert model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole) == "missing in the checkpoint"
