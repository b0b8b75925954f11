"""Entries of optimizers find the parameters that they belong to: against checkpoints that torch's own optimizers wrote."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from checkpoints.saved_state import saved
from torchloupe.analysis.optimizer_state import optimizer_state, param_groups
from torchloupe.wire.contents import CheckpointContents, StoredTensor, StoredValue


def network() -> torch.nn.Sequential:
    """Buffers of the same shape as parameters, repeated shapes, a scalar."""
    front = torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten()
    return torch.nn.Sequential(*front, torch.nn.Linear(16, 16), torch.nn.Linear(16, 16), torch.nn.PReLU())


def stepped(model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    model(torch.randn(2, 3, 4, 4)).square().sum().backward()
    optimizer.step()
    return {"epoch": 3, "model": model.state_dict(), "optimizer": optimizer.state_dict()}


def names_of(contents: CheckpointContents) -> list[str | None]:
    return [entry.parameter for entry in optimizer_state(contents)]


OPTIMIZERS: list[Callable[..., torch.optim.Optimizer]] = [
    torch.optim.AdamW, torch.optim.Adam, torch.optim.RMSprop, torch.optim.Adagrad, torch.optim.Adadelta,
    lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
]  # fmt: skip


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_that_every_entry_of_one_group_has_its_name_for_certain(
    tmp_path: Path, make: Callable[..., torch.optim.Optimizer]
) -> None:
    model = network()
    entries = optimizer_state(saved(tmp_path / "a.pt", stepped(model, make(model.parameters()))))
    assert [entry.parameter for entry in entries] == [name for name, _ in model.named_parameters()]
    assert [entry.shape for entry in entries if entry.shape] == [tuple(each.shape) for each in model.parameters()]
    assert all(entry.is_certain and entry.model == "model" for entry in entries)


def test_that_groups_with_and_without_decay_are_joined_by_shape_and_order(tmp_path: Path) -> None:
    model = network()
    decay = [(name, each) for name, each in model.named_parameters() if each.ndim > 1]
    rest = [(name, each) for name, each in model.named_parameters() if each.ndim <= 1]
    groups = [{"params": [each for _, each in decay]}, {"params": [each for _, each in rest], "weight_decay": 0.0, "lr": 0.5}]
    entries = optimizer_state(saved(tmp_path / "a.pt", stepped(model, torch.optim.AdamW(groups, lr=0.1, betas=(0.8, 0.9)))))
    assert [entry.parameter for entry in entries] == [name for name, _ in decay + rest]
    assert [entry.group for entry in entries] == [0] * len(decay) + [1] * len(rest)
    assert entries[0].settings["lr"] == 0.1
    assert entries[0].settings["betas"] == "(0.8, 0.9)"
    assert (entries[-1].settings["lr"], entries[-1].settings["weight_decay"]) == (0.5, 0.0)
    assert {entry.parameter for entry in entries if entry.is_certain} == {"0.weight", "5.weight"}


def test_that_a_part_of_the_model_that_is_trained_is_joined(tmp_path: Path) -> None:
    model = network()
    model[0].requires_grad_(False)
    trained = [(name, each) for name, each in model.named_parameters() if each.requires_grad]
    entries = optimizer_state(saved(tmp_path / "a.pt", stepped(model, torch.optim.Adam([each for _, each in trained]))))
    assert [entry.parameter for entry in entries][1:] != [None] * (len(trained) - 1)
    assert entries[-1].parameter == "5.weight"
    assert entries[-1].is_certain
    assert not entries[0].is_certain


def test_that_names_that_the_optimizer_kept_are_taken(tmp_path: Path) -> None:
    model = network()
    backwards = list(model.named_parameters())[::-1]
    state = stepped(model, torch.optim.Adam(backwards))
    if "param_names" not in state["optimizer"]["param_groups"][0]:
        pytest.skip("this torch keeps no names")
    entries = optimizer_state(saved(tmp_path / "a.pt", state))
    assert [entry.parameter for entry in entries] == [name for name, _ in backwards]
    assert all(entry.is_certain for entry in entries)


def test_that_state_under_names_needs_no_order(tmp_path: Path) -> None:
    state = {"fc.weight": {"step": 7, "exp_avg": torch.zeros(3, 2)}, "fc.bias": {"step": 7, "exp_avg": torch.zeros(3)}}
    weights = {"fc.bias": torch.zeros(3), "fc.weight": torch.zeros(3, 2)}
    contents = saved(tmp_path / "a.pt", {"model": weights, "optim": {"state": state, "param_groups": []}})
    entries = optimizer_state(contents)
    assert {entry.number: (entry.parameter, entry.step, entry.is_certain) for entry in entries} == {
        "fc.weight": ("fc.weight", 7.0, True),
        "fc.bias": ("fc.bias", 7.0, True),
    }


@pytest.mark.parametrize("cut", [5, 20, 50])
def test_that_more_parameters_than_a_list_shows_are_all_joined(tmp_path: Path, cut: int) -> None:
    model = torch.nn.Sequential(*(torch.nn.Linear(2, 2) for _ in range(60)))
    optimizer = torch.optim.Adam([{"params": model[:cut].parameters()}, {"params": model[cut:].parameters(), "lr": 1.0}])
    model(torch.randn(1, 2)).sum().backward()
    optimizer.step()
    contents = saved(tmp_path / "a.pt", {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    entries = optimizer_state(contents)
    assert [entry.parameter for entry in entries] == [name for name, _ in model.named_parameters()]
    assert [entry.group for entry in entries] == [0] * 2 * cut + [1] * 2 * (60 - cut)


def test_that_tied_weights_count_once(tmp_path: Path) -> None:
    model = torch.nn.Module()
    model.embed = torch.nn.Embedding(5, 3)
    model.norm = torch.nn.LayerNorm(3)
    model.head = torch.nn.Linear(3, 5, bias=False)
    model.head.weight = model.embed.weight
    optimizer = torch.optim.Adam(model.parameters())
    model.head(model.norm(model.embed(torch.tensor([1])))).sum().backward()
    optimizer.step()
    contents = saved(tmp_path / "a.pt", {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    assert names_of(contents) == ["embed.weight", "norm.weight", "norm.bias"]


def test_that_each_of_two_models_gets_its_own_optimizer(tmp_path: Path) -> None:
    models = {name: torch.nn.Linear(size, 2) for name, size in (("generator", 3), ("discriminator", 4))}
    state: dict[str, Any] = {}
    for name, model in models.items():
        optimizer = torch.optim.Adam(model.parameters())
        model(torch.ones(1, model.in_features)).sum().backward()
        optimizer.step()
        state.update({name: model.state_dict(), f"optim_{name}": optimizer.state_dict()})
    entries = optimizer_state(saved(tmp_path / "a.pt", state))
    assert {(entry.container, entry.model, entry.parameter) for entry in entries} == {
        (f"optim_{name}", name, key) for name in models for key in ("weight", "bias")
    }


def test_that_lightnings_list_of_optimizers_is_found(tmp_path: Path) -> None:
    model = network()
    state = stepped(model, torch.optim.Adam(model.parameters()))
    contents = saved(tmp_path / "a.ckpt", {"state_dict": state["model"], "optimizer_states": [state["optimizer"]]})
    assert names_of(contents) == [name for name, _ in model.named_parameters()]


def test_that_an_optimizer_without_its_model_has_no_names(tmp_path: Path) -> None:
    model = network()
    contents = saved(tmp_path / "a.pt", stepped(model, torch.optim.Adam(model.parameters()))["optimizer"])
    entries = optimizer_state(contents)
    assert entries
    assert {entry.parameter for entry in entries} == {None}


def test_that_a_model_without_optimizer_has_no_entries(tmp_path: Path) -> None:
    assert optimizer_state(saved(tmp_path / "a.pt", network().state_dict())) == ()


def test_that_steps_that_were_read_from_tensors_are_taken(tmp_path: Path) -> None:
    model = network()
    contents = saved(tmp_path / "a.pt", stepped(model, torch.optim.Adam(model.parameters())))
    entries = optimizer_state(contents, {("optimizer", "0"): 1200.0, ("other", "1"): 5.0})
    assert [entry.step for entry in entries[:2]] == [1200.0, None]


def test_that_param_groups_have_their_settings_and_the_number_of_their_parameters(tmp_path: Path) -> None:
    model = network()
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW([{"params": parameters[:3]}, {"params": parameters[3:], "weight_decay": 0.0}], lr=0.25)
    first, second = param_groups(saved(tmp_path / "a.pt", stepped(model, optimizer)))
    assert (first.container, first.place, first.parameters) == ("optimizer", 0, 3)
    assert (second.place, second.parameters) == (1, len(parameters) - 3)
    assert (first.settings["lr"], second.settings["weight_decay"], first.settings["betas"]) == (0.25, 0.0, "(0.9, 0.999)")
    assert "params" not in first.settings


def test_that_the_groups_of_every_optimizer_are_found_and_one_at_the_top_too() -> None:
    values = tuple(
        StoredValue(f"{start}param_groups.{place}.lr", "float", lr)
        for start, place, lr in (("", 0, 0.1), ("gan.opt_d.", 0, 0.2), ("gan.opt_d.", 1, 0.3))
    )
    groups = param_groups(CheckpointContents("a.pt", "torch zip", 0, 0, (), values))
    assert [(each.container, each.place, each.settings["lr"], each.parameters) for each in groups] == [
        ("", 0, 0.1, None),
        ("gan.opt_d", 0, 0.2, None),
        ("gan.opt_d", 1, 0.3, None),
    ]


def test_that_a_file_without_groups_has_none() -> None:
    values = (StoredValue("param_groups_note", "str", "x"), StoredValue("param_groups.x.lr", "float", 1.0))
    assert param_groups(CheckpointContents("a.pt", "torch zip", 0, 0, (), values)) == ()


@pytest.mark.parametrize("text", ["", "[", "{1: 2}", "[nonsense]", None, 5, "1,0,0 items", "99999999999 items: 0"])
def test_that_odd_lists_of_parameters_are_no_error(text: Any) -> None:
    rows = (StoredTensor("state.0.exp_avg", (2,), "float32", 8, "opt"), StoredTensor("w", (2,), "float32", 8, "model"))
    values = (StoredValue("opt.param_groups.0.params", "list", text), StoredValue("opt.param_groups.0.lr", "float", 0.1))
    (entry,) = optimizer_state(CheckpointContents("a.pt", "torch zip", 0, 0, rows, values))
    assert entry.parameter in ("w", None)
