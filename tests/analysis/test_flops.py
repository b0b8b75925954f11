"""Multiplications and additions from shapes alone, beside what torch counts while it computes."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from torchloupe.analysis.flops import flops_of
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import LayerCall, Operation
from torchloupe.worker.module_tree import read_module_tree
from torchloupe.worker.trace import ForwardTrace


def ours(model, *inputs):
    """FLOPs by module path, and of the whole, as told from the shapes of a traced pass."""
    calls = []
    with ForwardTrace(model, calls.extend, lambda: None, statistics=False):
        model(*inputs)
    flops = flops_of(calls, read_module_tree(model))
    return {call.module: flops[call.index] for call in calls}


def torchs(model, *inputs):
    """What torch's own counter says."""
    with FlopCounterMode(display=False) as counter:
        model(*inputs)
    return counter.get_total_flops()


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (nn.Linear(3, 5), (2, 3)),
        (nn.Linear(3, 5, bias=False), (2, 7, 3)),
        (nn.Conv1d(3, 8, 5, padding=2), (2, 3, 20)),
        (nn.Conv2d(4, 8, 3, stride=2, groups=2), (2, 4, 9, 11)),
        (nn.Conv2d(6, 6, 3, dilation=2, groups=6), (1, 6, 12, 12)),
        (nn.Conv3d(2, 4, 3), (1, 2, 5, 6, 7)),
        (nn.ConvTranspose2d(4, 3, 2, 2), (2, 4, 5, 5)),
        (nn.ConvTranspose2d(4, 6, 3, groups=2, output_padding=1, stride=2), (2, 4, 5, 5)),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 10)), (2, 3, 8, 8)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else None,
)
def test_that_products_and_convolutions_count_as_torch_counts_them(model, shape):
    inputs = torch.rand(shape)
    assert ours(model, inputs)[""] == torchs(model, inputs) > 0


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2}, {"batch_first": True}])
def test_that_recurrent_layers_count_each_step_of_each_matrix(kind, options):
    layer = kind(3, 5, **options)
    matrices = sum(weight.numel() for name, weight in layer.named_parameters() if name.startswith("weight"))
    assert ours(layer, torch.rand(7, 2, 3))[""] == 2 * 14 * matrices


def test_that_a_cell_counts_one_step():
    cell = nn.LSTMCell(3, 5)
    assert ours(cell, torch.rand(4, 3))[""] == 2 * 4 * (20 * 3 + 20 * 5)


def test_that_attention_counts_its_projections_and_all_pairs_of_tokens():
    layer = nn.MultiheadAttention(8, 2, batch_first=True)
    x = torch.rand(3, 5, 8)
    projections, pairs = 4 * 2 * 15 * 8 * 8, 2 * 2 * 3 * 5 * 5 * 8
    assert ours(layer, x, x, x)[""] == projections + pairs


def test_that_looking_up_norms_and_activations_cost_nothing():
    model = nn.Sequential(nn.Embedding(10, 4), nn.LayerNorm(4), nn.GELU(), nn.Dropout())
    assert set(ours(model, torch.zeros(2, 3, dtype=torch.int64)).values()) == {0}


def test_that_a_container_counts_all_that_it_calls():
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 5)))
    found = ours(model, torch.rand(1, 2))
    assert found == {"0": 12, "1.0": 24, "1.1": 40, "1": 64, "": 76}


def test_that_a_layer_that_is_called_twice_counts_twice():
    shared = nn.Linear(4, 4)
    calls = []
    model = nn.Sequential(shared, nn.ReLU(), shared)
    with ForwardTrace(model, calls.extend, lambda: None, statistics=False):
        model(torch.rand(1, 4))
    flops = flops_of(calls, read_module_tree(model))
    assert sorted(flops.values()) == [0, 32, 32, 64]


def test_that_operations_between_the_calls_count_in_the_call_around_them():
    call = LayerCall(0, "", "Net", 0, 0, (TensorMeta((2, 3), "float32"),))
    meet = tuple(TensorMeta(shape, "float32") for shape in ((2, 3), (3, 4)))
    attended = tuple(TensorMeta((2, 4, 6, 8), "float32") for _ in range(3))
    operations = [
        Operation(0, "x @ y", "", 1, call=0, inputs=meet, outputs=(TensorMeta((2, 4), "float32"),)),
        Operation(1, "F.scaled_dot_product_attention", "", 1, call=0, inputs=attended, outputs=attended[:1]),
        Operation(2, "F.relu", "", 1, call=0, inputs=meet[:1], outputs=meet[:1]),
        Operation(3, "torch.matmul", "", 1, call=None, inputs=meet, outputs=meet[:1]),
    ]
    query = torch.rand(2, 4, 6, 8)
    with FlopCounterMode(display=False) as counter:
        torch.rand(2, 3) @ torch.rand(3, 4)
        (query @ query.transpose(-2, -1)) @ query  # torch does not count its own operation on every device
    assert flops_of([call], ModuleTree((), ()), operations)[0] == counter.get_total_flops()


def test_that_a_call_that_did_not_end_counts_what_ended_in_it():
    done = LayerCall(1, "fc", "Linear", 0, 1, (TensorMeta((1, 2), "float32"),), (TensorMeta((1, 3), "float32"),))
    outer = LayerCall(0, "", "Net", 0, 0, (TensorMeta((1, 2), "float32"),), status="unfinished")
    tree = read_module_tree(nn.ModuleDict({"fc": nn.Linear(2, 3)}))
    assert flops_of([done, outer], tree) == {0: 12, 1: 12}
