"""After a run the model and the process are what they were, bit for bit."""

import random
from collections import deque

import numpy as np
import pytest
import torch
from torch import nn

from torchloupe.worker import model_state
from torchloupe.worker.model_state import ModelState
from torchloupe.worker.tensor_values import fingerprint, same_bits


class Busy(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.fc = nn.Linear(4, 2)
        self.plain = torch.zeros(3)
        self.history, self.seen, self.recent, self.table = [], set(), deque(), {}
        self.steps = 0

    def forward(self, x):
        self.steps += 1
        self.plain += 1
        self.history.append(x)
        self.seen.add(self.steps)
        self.recent.append(1)
        self.table["x"] = x
        self.born = nn.Linear(2, 2)
        return self.fc(self.norm(x))


def bits(model):
    return {key: value.clone() for key, value in model.state_dict().items()}


def test_that_buffers_attributes_and_containers_are_put_back():
    model = Busy()
    before, state = bits(model), ModelState(model)
    model(torch.randn(8, 4))
    assert state.restore() == []
    assert all(same_bits(value, before[key]) for key, value in model.state_dict().items())
    assert model.state_dict().keys() == before.keys()
    assert (model.steps, model.history, model.seen, list(model.recent), model.table) == (0, [], set(), [], {})
    assert torch.equal(model.plain, torch.zeros(3))
    assert not hasattr(model, "born")


def test_that_modes_hooks_and_requires_grad_are_put_back():
    model = Busy()
    state = ModelState(model)
    model.eval()
    model.fc.register_forward_hook(lambda *_: None)
    model.fc.weight.requires_grad_(False)
    torch.set_grad_enabled(False)
    state.restore()
    assert model.training
    assert model.norm.training
    assert not model.fc._forward_hooks
    assert model.fc.weight.requires_grad
    assert torch.is_grad_enabled()


def test_that_gradients_are_put_back_present_or_absent():
    model = Busy()
    model.fc.weight.grad = torch.ones(2, 4)
    state = ModelState(model)
    model(torch.randn(8, 4)).sum().backward()
    assert model.norm.weight.grad is not None
    state.restore()
    assert torch.equal(model.fc.weight.grad, torch.ones(2, 4))
    assert model.norm.weight.grad is None


def test_that_random_number_generators_are_put_back():
    state = ModelState(nn.Linear(1, 1))
    first = (torch.rand(1).item(), random.random(), np.random.rand())
    state.restore()
    assert (torch.rand(1).item(), random.random(), np.random.rand()) == first


def test_that_a_parameter_of_a_small_model_is_restored_even_through_data():
    model = Busy()
    before, state = model.fc.weight.detach().clone(), ModelState(model)
    model.fc.weight.data.add_(1)
    model.fc.bias.data = torch.ones(2)
    assert state.restore() == []
    assert torch.equal(model.fc.weight, before)


def test_that_a_changed_parameter_of_a_large_model_is_named(monkeypatch):
    monkeypatch.setattr(model_state, "COPY_LIMIT_BYTES", 0)
    model = Busy()
    state = ModelState(model)
    model.fc.weight.data[0, 0] += 1
    model.plain += 5
    assert state.restore() == ["fc.weight"]
    assert torch.equal(model.plain, torch.zeros(3))


@pytest.mark.parametrize(
    "tensor",
    [
        torch.randn(7),
        torch.randn(8).half(),
        torch.tensor([True, False]),
        torch.arange(5, dtype=torch.uint8),
        torch.randn(4, 6).t(),
        torch.randn(3, dtype=torch.complex64).conj(),
        torch.randn(9)[1:],
        torch.tensor(3.0),
    ],
)
def test_that_a_fingerprint_is_stable_and_sees_a_change(tensor):
    changed = tensor.clone()
    changed[(0,) * changed.dim()] = 0 if bool(changed.reshape(-1)[0]) else 1
    assert fingerprint(tensor) == fingerprint(tensor.clone())
    assert fingerprint(changed) != fingerprint(tensor)
    assert same_bits(tensor, tensor.clone())
    assert not same_bits(tensor, changed)


def test_that_nan_counts_as_equal_to_itself():
    tensor = torch.tensor([float("nan"), 1.0])
    assert same_bits(tensor, tensor.clone())


def test_that_tensors_without_memory_do_not_stop_anything():
    model = nn.Linear(3, 3, device="meta")
    assert fingerprint(model.weight) is None
    assert ModelState(model).restore() == []


def test_that_lazy_parameters_are_left_alone():
    assert ModelState(nn.LazyLinear(3)).restore() == []


class Hiding(nn.Module):
    """Keeps a norm, a module in it that hides another, and a tensor where PyTorch does not see them."""

    def __init__(self):
        super().__init__()
        self.norms = [nn.BatchNorm1d(2)]
        self.counts = {"calls": torch.zeros(1)}

    def forward(self, x):
        self.counts["calls"].add_(1)
        return self.norms[0](x)


def test_that_hidden_modules_and_tensors_are_put_back():
    model = Hiding()
    state = ModelState(model)
    model(torch.randn(3, 2))
    model.norms[0].eval()
    with torch.no_grad():
        model.norms[0].weight.fill_(9)
    assert state.restore() == []
    assert (float(model.counts["calls"]), int(model.norms[0].num_batches_tracked)) == (0.0, 0)
    assert model.norms[0].training
    assert model.norms[0].weight.tolist() == [1.0, 1.0]
