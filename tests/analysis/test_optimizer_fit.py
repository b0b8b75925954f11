"""The state of an optimizer against the parameters of a model: right ones are never doubted."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from checkpoints.saved_state import saved
from torchloupe.analysis.optimizer_fit import optimizer_problems
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.problems import WARNING, Problem
from torchloupe.worker.module_tree import read_module_tree

Make = Callable[[nn.Module], torch.optim.Optimizer]


def network(*widths: int) -> nn.Sequential:
    held = widths or (4, 6, 6, 3)
    layers = [
        layer for one, other in zip(held, held[1:], strict=False) for layer in (nn.Linear(one, other), nn.BatchNorm1d(other))
    ]
    return nn.Sequential(*layers)


def grouped(model: nn.Module) -> torch.optim.Optimizer:
    """With and without decay, as most training code has it."""
    decay = [each for each in model.parameters() if each.dim() > 1]
    rest = [each for each in model.parameters() if each.dim() == 1]
    return torch.optim.AdamW([{"params": decay}, {"params": rest, "weight_decay": 0.0}])


def adam(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters())


def told(tmp_path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, against: nn.Module) -> tuple[Problem, ...]:
    width = next(each for each in model.parameters() if each.dim() == 2).shape[1]
    model(torch.randn(5, width)).square().sum().backward()
    optimizer.step()
    contents = saved(tmp_path / "a.pt", {"model": model.state_dict(), "optimizer": optimizer.state_dict()})
    return optimizer_problems(contents, read_module_tree(against))


@pytest.mark.parametrize("make", [adam, grouped, lambda model: torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)])
def test_that_state_that_belongs_to_the_model_is_never_doubted(tmp_path: Path, make: Make) -> None:
    model = network()
    assert told(tmp_path, model, make(model), network()) == ()


def test_that_frozen_layers_have_no_state_and_that_is_right(tmp_path: Path) -> None:
    model = network()
    model[0].requires_grad_(False)
    optimizer = torch.optim.Adam(each for each in model.parameters() if each.requires_grad)
    assert told(tmp_path, model, optimizer, network()) == ()


def test_that_tied_parameters_count_once(tmp_path: Path) -> None:
    model, against = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4)), nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    for each in (model, against):
        each[1].weight = each[0].weight
    assert told(tmp_path, model, adam(model), against) == ()


def test_that_another_order_is_told_with_both_shapes(tmp_path: Path) -> None:
    model = network()
    optimizer = torch.optim.Adam(list(model.parameters())[::-1])
    (problem,) = told(tmp_path, model, optimizer, network())
    assert (problem.code, problem.severity, problem.parameter) == ("checkpoint-optimizer-state", WARNING, "0.weight")
    assert "what it keeps for number 0 is [3], 0.weight there is [6, 4]" in problem.message
    assert "goes by the order alone" in problem.hint


def test_that_state_of_another_model_is_told_by_a_shape_it_has_not(tmp_path: Path) -> None:
    model = network(5, 9, 2)
    model(torch.randn(5, 5)).square().sum().backward()
    optimizer = adam(model)
    optimizer.step()
    contents = saved(tmp_path / "a.pt", {"model": network().state_dict(), "optimizer": optimizer.state_dict()})
    (problem,) = optimizer_problems(contents, read_module_tree(network()))
    assert "has state for parameters that the model has not: that of number 0 is [9, 5]" in problem.message
    assert problem.data["container"] == "optimizer"


def test_that_without_state_or_with_lazy_parameters_nothing_is_said(tmp_path: Path) -> None:
    model = network()
    plain = saved(
        tmp_path / "a.pt", {"model": model.state_dict(), "optimizer": torch.optim.SGD(model.parameters(), 0.1).state_dict()}
    )
    assert optimizer_problems(plain, read_module_tree(model)) == ()
    assert told(tmp_path, model, adam(model), nn.LazyLinear(3)) == ()
    assert optimizer_problems(plain, ModuleTree((), ())) == ()


def test_that_state_which_fits_the_weights_beside_it_is_not_told_beside_what_is_told_of_these(tmp_path: Path) -> None:
    model = network(5, 9, 2)
    assert told(tmp_path, model, adam(model), network()) == ()
