"""The graph of a pass, and letting go of it."""

import subprocess
import sys

import torch
from torch import nn

from torchloupe.worker import autograd_graph
from torchloupe.worker.autograd_graph import AutogradGraph
from torchloupe.worker.kept_for_backward import kept_bytes

DEEP = """
import sys
import torch
from torchloupe.worker.autograd_graph import AutogradGraph

x = y = torch.ones(2, requires_grad=True)
for _ in range(60_000):
    y = y.exp()
graph = AutogradGraph([y])
print(len(graph.nodes), graph.complete, flush=True)
del y
graph.let_go()
print("freed", flush=True)
"""


def names(graph):
    return [type(node).__name__ for _, node in graph.nodes]


def test_that_the_nodes_come_in_the_order_in_which_they_were_made():
    x = torch.ones(2, requires_grad=True)
    graph = AutogradGraph([x.exp().sin() + x.cos()])
    assert names(graph) == ["ExpBackward0", "SinBackward0", "CosBackward0", "AddBackward0"]
    assert graph.complete


def test_that_several_outputs_share_their_nodes():
    half = torch.ones(2, requires_grad=True).exp()
    assert names(AutogradGraph([half.sin(), half.cos()])) == ["ExpBackward0", "SinBackward0", "CosBackward0"]


def test_that_an_output_without_a_graph_has_no_nodes():
    graph = AutogradGraph([torch.ones(2)])
    assert graph.nodes == []
    assert graph.complete


def test_that_nothing_is_told_of_a_graph_that_is_too_large_to_be_looked_at(monkeypatch):
    monkeypatch.setattr(autograd_graph, "MOST_NODES", 3)
    model = nn.Sequential(*[nn.Tanh() for _ in range(6)])
    graph = AutogradGraph([model(torch.ones(2, requires_grad=True))])
    assert not graph.complete
    assert kept_bytes(model, graph, {0: (0, 10)}, 1) == ()


def test_that_a_chain_of_very_many_operations_does_not_overflow_the_stack():
    done = subprocess.run([sys.executable, "-c", DEEP], capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stdout.split()[-1]) == (0, "freed"), done.stderr


def test_that_what_was_let_go_of_is_freed():
    x = torch.ones(2, requires_grad=True)
    y = x.exp()
    memory = y.untyped_storage()._weak_ref()
    graph = AutogradGraph([y.sin()])
    del y
    assert not torch.UntypedStorage._expired(memory)
    graph.let_go()
    assert torch.UntypedStorage._expired(memory)
    torch.UntypedStorage._free_weak_ref(memory)
