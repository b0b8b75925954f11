"""Rows of a checkpoint as a tree: nesting, totals of groups, the optimizer by parameter, what is open at first."""

import gc
from pathlib import Path

import pytest

from checkpoints import making_files
from gui import panel_data
from gui.panel_data import stored
from torchloupe.checkpoints import read_contents
from torchloupe.gui.checkpoint import building
from torchloupe.gui.checkpoint.building import BuildRows
from torchloupe.gui.checkpoint.model import CheckpointRows, Group
from torchloupe.wire.contents import CheckpointContents, StoredTensor, StoredValue


def contents(*tensors: StoredTensor, **facts: object) -> CheckpointContents:
    return CheckpointContents("/m.pt", "PyTorch zip", 1000, 100, tensors, **facts)  # type: ignore[arg-type]


def tree(made: CheckpointContents, model: str = "?") -> CheckpointRows:
    return BuildRows(made, model, as_tree=True)()


def drawn(made: CheckpointRows) -> list[str]:
    """First and second cell of every row, moved by its level."""
    lines = []
    for position in range(len(made.entries)):
        cells = made.row(position).cells
        lines.append(f"{'  ' * made.outline.depth[position]}{cells[0]} {cells[1]}".rstrip())
    return lines


def transformer(layers: int, container: str = "model") -> list[StoredTensor]:
    parts = ("attn.q", "attn.k", "mlp")
    return [stored(f"layers.{n}.{part}.weight", (2, 2), container) for n in range(layers) for part in parts]


def test_that_keys_nest_by_their_parts_and_groups_say_how_many_tensors_they_hold() -> None:
    assert drawn(tree(contents(*transformer(2), stored("head", (3,), "model")))) == [
        "model 7 tensors",
        "  layers 6 tensors",
        "    0 3 tensors",
        "      attn 2 tensors",
        "        q.weight [2, 2]",
        "        k.weight [2, 2]",
        "      mlp.weight [2, 2]",
        "    1 3 tensors",
        "      attn 2 tensors",
        "        q.weight [2, 2]",
        "        k.weight [2, 2]",
        "      mlp.weight [2, 2]",
        "  head [3]",
    ]


def test_that_a_group_adds_up_numbers_bytes_and_dtypes_of_all_below_it() -> None:
    made = tree(contents(stored("a.x.w", (5,), ""), stored("a.y.w", (2,), "", "int64"), stored("a.y.b", (1,), "", "int64")))
    cells = {made.labels[position]: made.row(position).cells for position in range(len(made.entries))}
    assert cells["a"] == ("a", "3 tensors", "mixed", "44 B", "8 numbers")
    assert cells["y"] == ("y", "2 tensors", "int64", "24 B", "3 numbers")


def test_that_shared_memory_counts_once_in_each_group_around_it() -> None:
    tied = [stored(key, (8,), "", stored_at="data/0") for key in ("a.w", "b.w")]
    made = tree(contents(*tied, stored("a.v", (1,), "", stored_at="data/1"), stored("b.v", (1,), "", stored_at="data/2")))
    notes = {made.labels[position]: made.row(position).cells[3:] for position in range(len(made.entries))}
    assert notes["(top of the file)"] == ("40 B", "10 numbers (1 shared, counted once)")
    assert notes["a"] == notes["b"] == ("36 B", "9 numbers")


def test_that_views_that_overlap_count_together_what_they_cover_in_each_group() -> None:
    views = [stored(key, (60,), "", stored_at="data/0", offset=at) for key, at in (("a.w", 0), ("a.v", 40), ("b.w", 60))]
    made = tree(contents(*views, stored("b.alone", (1,), "")))
    notes = {made.labels[position]: made.row(position).cells[3:] for position in range(len(made.entries))}
    assert notes["(top of the file)"] == ("484 B", "121 numbers")
    assert notes["a"] == ("400 B", "100 numbers")
    assert notes["b"] == ("244 B", "61 numbers")


def test_that_records_of_one_name_in_two_checkpoints_of_one_zip_are_two(tmp_path: Path) -> None:
    members = [member for n in (1, 2) for member in making_files.torch_members(making_files.state_dict(), root=f"root{n}")]
    (tmp_path / "a.pt").write_bytes(making_files.zipped(members))
    made = tree(read_contents(tmp_path / "a.pt"))
    assert made.totals.startswith("2 tensors  ·  24 numbers  ·  96 B")
    assert not made.facts.shared


def test_that_other_values_nest_as_well() -> None:
    made = tree(contents(values=(StoredValue("hp.optimizer.lr", "float", 0.1), StoredValue("hp.optimizer.name", "str", "sgd"))))
    assert drawn(made) == ["Other values 2 values", "  hp.optimizer", "    lr 0.1", "    name sgd"]
    assert made.row(2).tips == ("hp.optimizer.lr",)


def test_that_the_optimizer_is_grouped_by_parameter_with_name_shape_and_step() -> None:
    lines = drawn(tree(panel_data.trained(), "model"))
    start = lines.index("optimizer 4 tensors")
    assert lines[start : start + 15] == [
        "optimizer 4 tensors",
        "  Param group 0 lr 0.001",
        "    lr 0.001",
        "    weight_decay 0.01",
        "    betas (0.9, 0.999)",
        "    params [0]",
        "  Param group 1 lr 0.5",
        "    lr 0.5",
        "    params [1]",
        "  fc.weight [4, 3]",
        "    exp_avg [4, 3]",
        "    exp_avg_sq [4, 3]",
        "  fc.bias [4]",
        "    exp_avg [4]",
        "    exp_avg_sq [4]",
    ]


def test_that_a_parameters_group_says_step_param_group_and_how_much_is_kept() -> None:
    made = tree(panel_data.trained(), "model")
    position = made.labels.index("fc.bias", made.labels.index("optimizer"))
    assert made.row(position).cells[2:] == ("float32", "32 B", "step 1,200, param group 1, 8 numbers")
    assert made.row(made.labels.index("Param group 0")).cells[4] == "1 parameter, weight_decay 0.01, betas (0.9, 0.999)"


def test_that_the_settings_of_param_groups_are_not_listed_twice() -> None:
    made = tree(panel_data.trained(), "model")
    assert made.labels.count("betas") == 1
    assert made.row(made.labels.index("Other values")).cells[1] == "5 values"
    flat = BuildRows(panel_data.trained(), "model", as_tree=False)()
    assert flat.row(flat.labels.index("Other values")).cells[1] == "11 values"


def test_that_entries_without_a_name_say_so() -> None:
    lines = drawn(tree(contents(stored("state.5.exp_avg", (7,), "optimizer"))))
    assert lines == ["optimizer 1 tensor", "  parameter 5 (name not known) [7]", "    exp_avg [7]"]


def test_that_state_that_the_file_mixes_still_stands_together() -> None:
    mixed = [stored(f"state.{n}.{name}", (n + 1,), "optimizer") for name in ("exp_avg", "exp_avg_sq") for n in (0, 1)]
    made = tree(contents(*mixed))
    assert [label for label in made.labels if label.startswith("exp")] == ["exp_avg", "exp_avg_sq"] * 2
    assert all(made.position_of(tensor) is not None for tensor in mixed)


def test_that_levels_are_opened_until_the_screen_is_full() -> None:
    made = tree(contents(*transformer(30)), "model")
    shown = [made.labels[position] for position in made.outline.visible(made.is_open)]
    assert shown == ["model", "layers", *map(str, range(30))]
    assert len(shown) <= building.ROWS_AT_FIRST


def test_that_the_models_container_is_opened_before_others() -> None:
    made = tree(contents(*transformer(12, "ema"), *transformer(12, "model")), "model")
    opened = {made.labels[position] for position, is_open in enumerate(made.is_open) if is_open}
    assert "model" in opened
    assert made.is_open[made.labels.index("model")]


def test_that_a_long_flat_container_is_open_when_it_is_the_models() -> None:
    made = tree(contents(*(stored(f"w{n}", (1,), "model") for n in range(200))), "model")
    assert made.is_open[0] == 1
    other = tree(contents(*(stored(f"w{n}", (1,), "model") for n in range(200))), "ema")
    assert other.is_open[0] == 0


def test_that_every_tensor_is_found_at_its_position() -> None:
    made = tree(panel_data.checkpoint(), "ema")
    for tensor in panel_data.checkpoint().tensors:
        position = made.position_of(tensor)
        assert position is not None
        assert made.entries[position] == tensor
    assert made.position_of(None) is None
    assert made.position_of(stored("nowhere", (1,))) is None


def test_that_a_group_tells_its_whole_path_in_its_tip() -> None:
    made = tree(contents(*transformer(2)), "model")
    assert made.row(made.labels.index("attn")).tips == ("model.layers.0.attn",)


@pytest.mark.parametrize("as_tree", [True, False])
def test_that_filters_find_the_same_tensors_in_both_views(as_tree: bool) -> None:
    made = BuildRows(panel_data.trained(), "model", as_tree)()
    found = [made.entries[place] for place, text in enumerate(made.haystacks) if "of fc.weight" in text]
    assert [entry.key for entry in found if isinstance(entry, StoredTensor)] == ["state.0.exp_avg", "state.0.exp_avg_sq"]
    assert all(text == "" for text, entry in zip(made.haystacks, made.entries, strict=True) if isinstance(entry, Group))


def test_that_building_very_many_rows_leaves_the_collector_as_it_was() -> None:
    many = contents(*(stored(f"a.{n}.w", (1,), "") for n in range(building.AT_ONCE + 1)))
    question = BuildRows(many, "", as_tree=True)
    assert question.is_large
    gc.enable()
    assert len(question().entries) == building.AT_ONCE + 1 + 2
    assert gc.isenabled()
    gc.unfreeze()
