"""What stored tensors have to do with each other."""

from pathlib import Path

import torch

from checkpoints.saved_state import saved
from torchloupe.analysis.stored_facts import NO_FACTS, settings_text, step_text, stored_facts, tensor_note
from torchloupe.checkpoints.optimizer_steps import optimizer_steps
from torchloupe.wire.contents import CheckpointContents, StoredTensor


def trained(tmp_path: Path) -> CheckpointContents:
    """Two layers that share their weight, and an optimizer after three steps."""
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 4, bias=False))
    model[1].weight = model[0].weight
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(3):
        model(torch.ones(2, 4)).sum().backward()
        optimizer.step()
    return saved(tmp_path / "a.pt", {"model": model.state_dict(), "optimizer": optimizer.state_dict()})


def of(contents: CheckpointContents, container: str, key: str) -> StoredTensor:
    return next(tensor for tensor in contents.tensors if (tensor.container, tensor.key) == (container, key))


def test_that_partners_are_the_others_in_the_same_storage(tmp_path: Path) -> None:
    contents = trained(tmp_path)
    facts = stored_facts(contents)
    assert [other.key for other in facts.partners(of(contents, "model", "0.weight"))] == ["1.weight"]
    assert facts.partners(of(contents, "model", "0.bias")) == []


def test_that_moments_and_parameters_know_each_other_both_ways(tmp_path: Path) -> None:
    contents = trained(tmp_path)
    facts = stored_facts(contents, optimizer_steps(contents))
    (entry,) = facts.optimized["model", "0.bias"]
    assert facts.kept_for["optimizer", f"state.{entry.number}.exp_avg"] is entry
    assert (entry.step, entry.shape, entry.settings["lr"]) == (3.0, (4,), 0.01)


def test_that_a_step_in_a_tensor_is_not_known_until_it_is_read(tmp_path: Path) -> None:
    contents = trained(tmp_path)
    assert {entry.step for entry in stored_facts(contents).kept_for.values()} == {None}


def test_that_the_note_says_whose_it_is_with_whom_it_shares_and_how_it_lies(tmp_path: Path) -> None:
    contents = trained(tmp_path)
    facts = stored_facts(contents, optimizer_steps(contents))
    assert tensor_note(of(contents, "optimizer", "state.1.exp_avg"), facts) == "of 0.bias, step 3"
    assert tensor_note(of(contents, "model", "1.weight"), facts) == "shares memory with model.0.weight"
    turned = StoredTensor("w", (2, 3), "float32", 24, strides=(1, 2), offset=1000, file="b.bin")
    assert tensor_note(turned, NO_FACTS) == "strides [1, 2]; from element 1,000 of its record; in b.bin"


def test_that_steps_and_settings_read_well() -> None:
    assert (step_text(1200.0), step_text(0.5), step_text(None)) == ("step 1,200", "step 0.5", "")
    settings = {"amsgrad": False, "eps": 1e-8, "foreach": None, "betas": "(0.9, 0.999)", "nesterov": True, "lr": 0.1}
    assert settings_text(settings) == "lr 0.1, betas (0.9, 0.999), eps 1e-08, nesterov True"
