"""Folders in the layout that DeepSpeed's zero_to_fp32 script and Megatron-LM describe, made by hand with torch.save."""

import pytest
import torch

from torchloupe.checkpoints import read_contents
from torchloupe.wire.errors import CheckpointError


def _save(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(value, path)


def _zero(folder, stage: int, ranks: int = 2):
    """A step of DeepSpeed: the state of the module, and the flat float32 parts of each process."""
    step = folder / "global_step10"
    shapes = [{"net.weight": torch.Size([4, 3]), "net.bias": torch.Size([4])}]
    weights = {"net.weight": torch.zeros(4, 3), "net.bias": torch.zeros(4)}
    if stage == 3:
        weights = {key: torch.zeros(0) for key in weights}
    model = {"module": weights, "param_shapes": shapes, "dp_world_size": ranks, "ds_version": "0.16.0", "global_steps": 10}
    names = (
        ["mp_rank_00_model_states.pt"] if stage < 3 else [f"zero_pp_rank_{n}_mp_rank_00_model_states.pt" for n in range(ranks)]
    )
    for name in names:
        _save(step / name, model)
    flat = "single_partition_of_fp32_groups" if stage < 3 else "fp32_flat_groups"
    for rank in range(ranks):
        state = {"zero_stage": stage, "partition_count": ranks, flat: [torch.zeros(8)]}
        _save(step / f"zero_pp_rank_{rank}_mp_rank_00_optim_states.pt", {"optimizer_state_dict": state, "ds_version": "0.16.0"})
    (folder / "latest").write_text("global_step10")
    (folder / "zero_to_fp32.py").write_text("raise SystemExit('never run')")


def test_that_a_step_of_deepspeed_is_listed_file_by_file(tmp_path):
    _zero(tmp_path, 2)
    contents = read_contents(tmp_path)
    assert contents.format == "DeepSpeed"
    assert [(row.container, row.key, row.file) for row in contents.tensors][:2] == [
        ("mp_rank_00_model_states.pt.module", "net.weight", "global_step10/mp_rank_00_model_states.pt"),
        ("mp_rank_00_model_states.pt.module", "net.bias", "global_step10/mp_rank_00_model_states.pt"),
    ]
    flat = [row for row in contents.tensors if "optim_states" in row.container]
    assert [(row.file, row.shape) for row in flat] == [
        (f"global_step10/zero_pp_rank_{rank}_mp_rank_00_optim_states.pt", (8,)) for rank in range(2)
    ]
    values = {value.path: value.value for value in contents.values}
    assert (values["step"], values["mp_rank_00_model_states.pt.global_steps"]) == ("global_step10", 10)
    assert values["mp_rank_00_model_states.pt.param_shapes.0.net.weight"] == "(4, 3)"
    assert [problem.code for problem in contents.problems] == ["checkpoint-parts"]


def test_that_the_folder_of_the_step_opens_too(tmp_path):
    _zero(tmp_path, 1)
    contents = read_contents(tmp_path / "global_step10")
    assert (contents.format, contents.tensors[0].file) == ("DeepSpeed", "mp_rank_00_model_states.pt")


def test_that_the_empty_weights_of_stage_3_are_explained(tmp_path):
    _zero(tmp_path, 3)
    contents = read_contents(tmp_path)
    (note,) = [problem for problem in contents.problems if problem.code == "checkpoint-zero-stage-3"]
    assert "4 tensors of the model are empty here" in note.message
    assert "zero_to_fp32.py" in note.hint


def test_that_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path):
    _zero(tmp_path, 2)
    (tmp_path / "global_step10" / "zero_pp_rank_1_mp_rank_00_optim_states.pt").write_bytes(b"PK\x03\x04cut")
    contents = read_contents(tmp_path)
    assert len(contents.tensors) == 3
    assert any("Not read: zero_pp_rank_1" in problem.message for problem in contents.problems)


@pytest.mark.parametrize("latest", ["../elsewhere", "/etc", "..", "missing", "x" * 5000, ""])
def test_that_a_step_elsewhere_is_not_followed(tmp_path, latest):
    _zero(tmp_path / "run", 2)
    _zero(tmp_path / "elsewhere", 2)
    (tmp_path / "run" / "latest").write_text(latest)
    with pytest.raises(CheckpointError, match="without a checkpoint"):
        read_contents(tmp_path / "run")


def _megatron(folder, ranks=("mp_rank_00", "mp_rank_01")):
    for number, rank in enumerate(ranks):
        model = {"language_model": {"encoder": {"layer.weight": torch.full((2, 3), float(number))}}}
        _save(folder / "iter_0000010" / rank / "model_optim_rng.pt", {"iteration": 10, "checkpoint_version": 3.0, "model": model})
    (folder / "latest_checkpointed_iteration.txt").write_text("10\n")


def test_that_the_processes_of_megatron_are_kept_apart(tmp_path):
    _megatron(tmp_path)
    contents = read_contents(tmp_path)
    assert contents.format == "Megatron-LM"
    inner = "model_optim_rng.pt.model.language_model.encoder"
    assert [(row.container, row.key, row.shape) for row in contents.tensors] == [
        (f"mp_rank_00/{inner}", "layer.weight", (2, 3)),
        (f"mp_rank_01/{inner}", "layer.weight", (2, 3)),
    ]
    assert contents.tensors[1].file == "iter_0000010/mp_rank_01/model_optim_rng.pt"
    values = {value.path: value.value for value in contents.values}
    assert (values["step"], values["mp_rank_00/model_optim_rng.pt.iteration"]) == ("iter_0000010", 10)


def test_that_one_process_needs_no_names_to_be_kept_apart(tmp_path):
    _megatron(tmp_path, ["mp_rank_00"])
    for place in (tmp_path, tmp_path / "iter_0000010"):
        (row,) = read_contents(place).tensors
        assert (row.container, row.key) == ("model.language_model.encoder", "layer.weight")


def test_that_processes_of_a_pipeline_are_found(tmp_path):
    _megatron(tmp_path, ["mp_rank_00_000", "mp_rank_00_001"])
    assert len(read_contents(tmp_path).tensors) == 2


@pytest.mark.parametrize("text", ["../../etc", "soon", "99999999999999999999", ""])
def test_that_a_step_that_is_none_is_refused(tmp_path, text):
    _megatron(tmp_path)
    (tmp_path / "latest_checkpointed_iteration.txt").write_text(text)
    with pytest.raises(CheckpointError, match="names no step"):
        read_contents(tmp_path)


def test_that_a_step_without_processes_says_what_to_open(tmp_path):
    (tmp_path / "iter_0000010").mkdir()
    (tmp_path / "latest_checkpointed_iteration.txt").write_text("10")
    with pytest.raises(CheckpointError, match="has no part of a process") as caught:
        read_contents(tmp_path)
    assert "iter_0000010" in caught.value.hint
