"""What the diff says is what ``load_state_dict`` does."""

import pytest
import torch
from torch import nn

from torchloupe.analysis.state_dict_diff import KeyEntry, diff_problems, state_dict_diff
from torchloupe.wire.problems import ERROR


def model(classes: int = 4) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8, classes))


def entries(state: dict[str, torch.Tensor]) -> list[KeyEntry]:
    return [KeyEntry(key, tuple(value.shape), str(value.dtype).removeprefix("torch.")) for key, value in state.items()]


def plain(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return dict(state)


CHANGES = {
    "nothing": lambda state: state,
    "a prefix": lambda state: {f"module.{key}": value for key, value in state.items()},
    "a missing key": lambda state: {key: value for key, value in state.items() if key != "3.bias"},
    "an extra key": lambda state: {**state, "aux.weight": torch.zeros(2)},
    "another size": lambda state: {**state, "3.bias": torch.zeros(9)},
    "no counters": lambda state: {key: value for key, value in state.items() if "num_batches" not in key},
    "half precision": lambda state: {key: value.half() if value.is_floating_point() else value for key, value in state.items()},
    "transposed": lambda state: {**state, "3.weight": state["3.weight"].t()},
}


@pytest.mark.parametrize("change", CHANGES)
def test_that_there_is_an_error_exactly_when_torch_refuses_to_load(change: str) -> None:
    target, found = model(), CHANGES[change](plain(model().state_dict()))
    problems = diff_problems(state_dict_diff(entries(target.state_dict()), entries(found)))
    try:
        target.load_state_dict(found)
        refused = False
    except RuntimeError:
        refused = True
    assert any(problem.severity == ERROR for problem in problems) is refused


def test_that_a_state_repaired_as_proposed_loads() -> None:
    target, state = model(), {f"module.{key}": value for key, value in model().state_dict().items()}
    (problem,) = diff_problems(state_dict_diff(entries(target.state_dict()), entries(state)))
    target.load_state_dict(eval(problem.fixes[0].text, {"state": state}))
