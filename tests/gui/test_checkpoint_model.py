"""Rows of everything in a checkpoint."""

from dataclasses import replace

import pytest

from gui import panel_data
from gui.panel_data import stored
from torchloupe.analysis.row_filter import matching
from torchloupe.gui.checkpoint import model as rows
from torchloupe.gui.checkpoint.building import BuildRows
from torchloupe.gui.checkpoint.model import CheckpointRows, Group
from torchloupe.wire.contents import CheckpointContents, StoredTensor, StoredValue


def contents(*tensors: StoredTensor, **facts: object) -> CheckpointContents:
    return CheckpointContents("/m.pt", "PyTorch zip", 1000, 100, tensors, **facts)  # type: ignore[arg-type]


def flat(contents: CheckpointContents, model: str = "?") -> CheckpointRows:
    """The rows without nesting."""
    return BuildRows(contents, model, as_tree=False)()


def titles(made: CheckpointRows) -> list[str]:
    return [made.row(position).cells[0] for position in range(len(made.entries))]


def test_that_everything_in_the_file_has_a_row_under_its_group() -> None:
    made = flat(panel_data.checkpoint(), "model_state_dict")
    groups = [entry.title for entry in made.entries if isinstance(entry, Group)]
    assert groups == ["model_state_dict", "ema", "optimizer_state_dict", "Other values", "Names in its pickle"]
    assert len(made.entries) == len(groups) + 26 + 5 + 1 + len(["Param group 0"])
    assert all((made.outline.depth[position] == 0) == isinstance(entry, Group) for position, entry in enumerate(made.entries))


def test_that_groups_without_anything_are_left_out() -> None:
    made = flat(contents(stored("w", (2,), "")))
    assert titles(made) == ["(top of the file)", "w"]
    assert flat(contents()).entries == []


def test_that_tensors_of_a_container_stand_together_even_when_the_file_mixes_them() -> None:
    made = flat(contents(stored("a", (1,), "x"), stored("b", (1,), "y"), stored("c", (1,), "x")))
    assert titles(made) == ["x", "a", "c", "y", "b"]


def test_that_a_container_says_how_much_it_holds_and_whether_it_is_the_models() -> None:
    made = flat(panel_data.checkpoint(), "ema")
    cells = {
        made.row(position).cells[0]: made.row(position).cells
        for position, entry in enumerate(made.entries)
        if isinstance(entry, Group)
    }
    assert cells["ema"] == ("ema", "13 tensors", "mixed", "844 kB", "the model's state_dict, 421,861 numbers")
    assert cells["optimizer_state_dict"] == ("optimizer_state_dict", "2 tensors", "float32", "3.46 kB", "optimizer, 865 numbers")


def test_that_the_models_container_stands_out() -> None:
    made = flat(panel_data.checkpoint(), "model_state_dict")
    assert made.row(0).roles[0] == "accent"
    assert flat(panel_data.checkpoint(), "ema").row(0).roles[0] is None


def test_that_a_tensor_shows_key_shape_dtype_and_size() -> None:
    made = flat(contents(stored("fc.weight", (10, 128), "model", "bfloat16")))
    assert made.row(1).cells == ("fc.weight", "[10, 128]", "bfloat16", "2.56 kB", "")
    assert made.row(1).tips == ("model.fc.weight",)


def test_that_a_broken_tensor_says_why_with_a_glyph() -> None:
    made = flat(contents(stored("w", (4,), broken="Its record is not in the file.")))
    assert made.row(1).cells[4] == "✖ broken: Its record is not in the file."
    assert set(made.row(1).roles) == {"error"}


def test_that_tensors_that_share_memory_name_each_other() -> None:
    tensors = [stored(key, (4,), "m", stored_at=record) for key, record in (("a", "0"), ("b", "0"), ("c", "1"), ("d", "0"))]
    made = flat(contents(*tensors))
    assert [made.row(position).cells[4] for position in (1, 2, 3, 4)] == [
        "shares memory with m.b and 1 more",
        "shares memory with m.a and 1 more",
        "",
        "shares memory with m.a and 1 more",
    ]


def test_that_equal_records_of_different_files_are_not_shared() -> None:
    tensors = [stored("a", (4,), stored_at="0", file="one.bin"), stored("b", (4,), stored_at="0", file="two.bin")]
    made = flat(contents(*tensors))
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
    made = flat(contents(values=(StoredValue("args.x", kind, value),)))
    assert made.row(1).cells[:3] == ("args.x", text, kind)


def test_that_importable_names_have_a_verdict_in_words_and_the_worst_comes_first() -> None:
    made = flat(contents(globals=("torch.FloatStorage", "my.Config", "os.system")))
    assert made.row(0).cells == ("Names in its pickle", "3 names", "", "", "1 dangerous, 1 unknown, 1 harmless; never called")
    assert made.row(1).cells == ("os.system", "✖ dangerous", "", "", "A call that runs programs.")
    assert [made.row(position).cells[1] for position in (2, 3)] == ["? unknown", "✓ harmless"]
    assert [made.row(position).roles[1] for position in (1, 2, 3)] == ["error", "warning", "matched"]


def test_that_names_are_open_only_when_one_is_dangerous() -> None:
    assert flat(contents(globals=("os.system",))).is_open[0]
    assert not flat(contents(globals=("torch.FloatStorage",))).is_open[0]


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
    made = flat(panel_data.checkpoint(), "model_state_dict")
    assert len(matching(text, rows.HAYSTACK_TITLES, made.haystacks)) == count


def test_that_the_header_says_how_little_was_read() -> None:
    made = CheckpointContents("/m.pt", "safetensors", 303_000_000, 48_000, ())
    assert rows.file_line(made) == "safetensors  ·  read 48 kB of 303 MB, nothing executed"


def test_that_the_totals_count_tensors_numbers_and_bytes() -> None:
    assert rows.totals_line([stored("a", (100, 100))]) == "1 tensor  ·  10,000 numbers  ·  40 kB  ·  float32"
    assert rows.totals_line([]) == "0 tensors  ·  0 numbers  ·  0 B"


def test_that_the_totals_say_how_much_each_dtype_takes_and_what_was_counted_once() -> None:
    tied = [stored(key, (4, 2), stored_at="0") for key in ("a", "b")]
    line = rows.totals_line([*tied, stored("n", (), dtype="int64")])
    assert line == "3 tensors  ·  9 numbers (1 shared, counted once)  ·  40 B  ·  2 float32 of 32 B, 1 int64 of 8 B"


def test_that_a_container_is_offered_with_its_size() -> None:
    assert flat(contents(stored("w", (1000,), ""))).choices == [("", "(top of the file) (1 tensor, 4 kB)")]


def test_that_views_of_unusual_strides_and_offsets_say_so() -> None:
    turned = replace(stored("t", (4, 8), stored_at="0"), strides=(1, 4), offset=12)
    note = flat(contents(turned)).row(1).cells[4]
    assert note == "strides [1, 4]; from element 12 of its record"


def test_that_a_moment_says_whose_it_is_and_at_which_step() -> None:
    made = flat(panel_data.trained())
    notes = {made.row(position).cells[0]: made.row(position).cells[4] for position in range(len(made.entries))}
    assert notes["state.0.exp_avg"] == "of fc.weight, step 1,200"


def test_that_copied_cells_begin_with_the_whole_key() -> None:
    made = BuildRows(panel_data.trained(), "model", as_tree=True)()
    position = made.position_of(panel_data.trained().tensors[0])
    assert position is not None
    assert made.row(position).cells[0] == "weight"
    assert made.copied(position)[0] == "fc.weight"
