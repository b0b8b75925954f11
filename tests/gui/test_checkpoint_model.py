"""Rows of everything in a checkpoint."""

from dataclasses import replace

import pytest

from gui import panel_data
from gui.panel_data import stored
from torchloupe.gui.checkpoint import model as rows
from torchloupe.gui.checkpoint.model import CheckpointRows, Group
from torchloupe.gui.row_filter import matching
from torchloupe.wire.contents import CheckpointContents, StoredTensor, StoredValue


def contents(*tensors: StoredTensor, **facts: object) -> CheckpointContents:
    return CheckpointContents("/m.pt", "PyTorch zip", 1000, 100, tensors, **facts)  # type: ignore[arg-type]


def titles(made: CheckpointRows) -> list[str]:
    return [made.row(position).cells[0] for position in range(len(made.entries))]


def test_that_everything_in_the_file_has_a_row_under_its_group() -> None:
    made = CheckpointRows(panel_data.checkpoint(), "model_state_dict")
    groups = [entry.title for entry in made.entries if isinstance(entry, Group)]
    assert groups == ["model_state_dict", "ema", "optimizer_state_dict", "Other values", "Names that its pickle mentions"]
    assert len(made.entries) == len(groups) + 26 + 5 + 1
    assert all((made.outline.depth[position] == 0) == isinstance(entry, Group) for position, entry in enumerate(made.entries))


def test_that_groups_without_anything_are_left_out() -> None:
    made = CheckpointRows(contents(stored("w", (2,), "")))
    assert titles(made) == ["(top of the file)", "w"]
    assert CheckpointRows(None).entries == []


def test_that_tensors_of_a_container_stand_together_even_when_the_file_mixes_them() -> None:
    made = CheckpointRows(contents(stored("a", (1,), "x"), stored("b", (1,), "y"), stored("c", (1,), "x")))
    assert titles(made) == ["x", "a", "c", "y", "b"]


def test_that_a_container_says_how_much_it_holds_and_whether_it_is_the_models() -> None:
    made = CheckpointRows(panel_data.checkpoint(), "ema")
    cells = {
        made.row(position).cells[0]: made.row(position).cells
        for position, entry in enumerate(made.entries)
        if isinstance(entry, Group)
    }
    assert cells["ema"] == ("ema", "", "mixed", "844 kB", "13 tensors, state_dict, the model's")
    assert cells["optimizer_state_dict"][2:] == ("float32", "3.46 kB", "2 tensors, optimizer")


def test_that_the_models_container_stands_out() -> None:
    made = CheckpointRows(panel_data.checkpoint(), "model_state_dict")
    assert made.row(0).roles[0] == "accent"
    assert CheckpointRows(panel_data.checkpoint(), "ema").row(0).roles[0] is None


def test_that_a_tensor_shows_key_shape_dtype_and_size() -> None:
    made = CheckpointRows(contents(stored("fc.weight", (10, 128), "model", "bfloat16")))
    assert made.row(1).cells == ("fc.weight", "[10, 128]", "bfloat16", "2.56 kB", "")
    assert made.row(1).tips == ("model.fc.weight",)


def test_that_a_broken_tensor_says_why_with_a_glyph() -> None:
    made = CheckpointRows(contents(stored("w", (4,), broken="Its record is not in the file.")))
    assert made.row(1).cells[4] == "✖ broken: Its record is not in the file."
    assert set(made.row(1).roles) == {"error"}


def test_that_tensors_that_share_memory_name_each_other() -> None:
    tensors = [stored(key, (4,), "m", stored_at=record) for key, record in (("a", "0"), ("b", "0"), ("c", "1"), ("d", "0"))]
    made = CheckpointRows(contents(*tensors))
    assert [made.row(position).cells[4] for position in (1, 2, 3, 4)] == [
        "shares memory with m.b and 1 more",
        "shares memory with m.a and 1 more",
        "",
        "shares memory with m.a and 1 more",
    ]


def test_that_equal_records_of_different_files_are_not_shared() -> None:
    tensors = [stored("a", (4,), stored_at="0", file="one.bin"), stored("b", (4,), stored_at="0", file="two.bin")]
    made = CheckpointRows(contents(*tensors))
    assert [made.row(position).cells[4] for position in (1, 2)] == ["in one.bin", "in two.bin"]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (12, "int", "12"),
        (0.001, "float", "0.001"),
        (None, "NoneType", "None"),
        ("two\nlines", "str", "two lines"),
        (True, "bool", "True"),
    ],
)
def test_that_other_values_show_their_type_and_value(value: object, kind: str, text: str) -> None:
    made = CheckpointRows(contents(values=(StoredValue("args.x", kind, value),)))
    assert made.row(1).cells[:3] == ("args.x", text, kind)


def test_that_importable_names_are_listed_as_read_only() -> None:
    made = CheckpointRows(contents(globals=("os.system",)))
    assert made.row(1).cells == ("os.system", "", "", "", "not imported, only read")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("fc2", 4),
        ("[*,128]", 2),
        ("dtype:bf16", 11),
        ("container:ema fc1", 3),
        ("epoch", 1),
        ("classifier-small", 1),
        ("broken", 1),
        ("shares", 2),
        ("_rebuild", 1),
        ("container:other float", 2),
        ("model_state_dict -module", 0),
    ],
)
def test_that_entries_are_found_by_key_shape_dtype_container_value_and_note(text: str, count: int) -> None:
    made = CheckpointRows(panel_data.checkpoint(), "model_state_dict")
    assert len(matching(text, rows.HAYSTACK_TITLES, made.haystacks())) == count


def test_that_numbers_in_shared_records_count_once() -> None:
    tied = [
        stored("a", (4, 2), stored_at="0"),
        stored("b", (4, 2), stored_at="0"),
        stored("c", (3,), stored_at="1"),
        stored("d", ()),
    ]
    assert rows.number_count(tied) == 8 + 3 + 1


def test_that_two_parts_of_one_record_both_count() -> None:
    parts = [stored("q", (4,), stored_at="0"), replace(stored("k", (4,), stored_at="0"), offset=4)]
    assert rows.number_count(parts) == 8


def test_that_the_dtype_mix_names_the_most_frequent_first() -> None:
    assert rows.dtype_mix([stored("a", (1,), dtype="int64"), stored("b", (1,)), stored("c", (1,))]) == "2 float32, 1 int64"
    assert rows.dtype_mix([stored("a", (1,))]) == "float32"


def test_that_the_header_says_how_little_was_read() -> None:
    made = CheckpointContents("/m.pt", "safetensors", 303_000_000, 48_000, ())
    assert rows.file_line(made) == "safetensors  ·  read 48 kB of 303 MB, nothing executed"


def test_that_the_totals_count_tensors_numbers_and_bytes() -> None:
    assert rows.totals_line([stored("a", (100, 100))]) == "1 tensor  ·  10,000 numbers  ·  40 kB  ·  float32"
    assert rows.totals_line([]) == "0 tensors  ·  0 numbers  ·  0 B"


def test_that_a_container_is_offered_with_its_size() -> None:
    top = rows.containers_of(contents(stored("w", (1000,), "")))[0]
    assert rows.container_choice(top) == "(top of the file) (1 tensor, 4 kB)"
