"""What autograd keeps, read from its graph."""

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from torchloupe.worker.autograd_graph import AutogradGraph
from torchloupe.worker.kept_for_backward import kept_bytes
from torchloupe.worker.trace import ForwardTrace


def kept(model, *inputs):
    """Bytes by module path of a pass."""
    calls = []
    trace = ForwardTrace(model, calls.extend, lambda: None, statistics=False)
    with trace:
        output = model(*inputs)
    sizes = kept_bytes(model, AutogradGraph([output]), trace.nodes, len(calls))
    return {call.module: sizes[call.index] for call in calls} if sizes else {}


def test_that_a_layer_keeps_its_input_and_never_its_weight():
    assert kept(nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 5)), torch.rand(2, 3)) == {"0": 24, "1": 32, "": 56}


def test_that_what_two_layers_keep_counts_for_the_first():
    found = kept(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 5)), torch.rand(2, 3))
    assert found == {"0": 24, "1": 32, "2": 0, "": 56}  # the output of the ReLU is kept by it and by the next


def test_that_without_gradients_nothing_is_kept():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
    with torch.no_grad():
        assert kept(model, torch.rand(2, 3)) == {}
    assert kept(model.requires_grad_(False), torch.rand(2, 3)) == {}


def test_that_a_checkpointed_part_keeps_no_more_than_its_input():
    class Net(nn.Module):
        def __init__(self, saving):
            super().__init__()
            self.head, self.saving = nn.Linear(8, 8), saving
            self.part = nn.Sequential(*[layer for _ in range(4) for layer in (nn.Linear(8, 8), nn.Sigmoid())])

        def forward(self, x):
            x = self.head(x)
            return checkpoint(self.part, x, use_reentrant=True) if self.saving else self.part(x)

    assert kept(Net(True), torch.rand(16, 8))[""] < kept(Net(False), torch.rand(16, 8))[""] / 2


def test_that_a_tensor_that_was_changed_in_place_is_passed_over():
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 3)

        def forward(self, x):
            y = self.fc(x).exp()
            with torch.no_grad():
                y.zero_()
            return y * 2

    found = kept(InPlace(), torch.rand(2, 3))
    assert found["fc"] == 24


def test_that_a_function_of_the_users_is_asked_for_what_it_saved():
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(context, x):
            context.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(context, gradient):
            return gradient * 2 * context.saved_tensors[0]

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 2)

        def forward(self, x):
            return Square.apply(self.fc(x))

    assert kept(Net(), torch.rand(3, 2)) == {"fc": 24, "": 48}


def test_that_nothing_of_the_graph_is_changed():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
    inputs = torch.rand(2, 3)
    trace = ForwardTrace(model, lambda calls: None, lambda: None)
    with trace:
        output = model(inputs)
    kept_bytes(model, AutogradGraph([output]), trace.nodes, 3)
    output.sum().backward()
    watched = model[0].weight.grad.clone()
    model.zero_grad()
    model(inputs).sum().backward()
    assert torch.equal(watched, model[0].weight.grad)
