"""What the parts of a model come to, with every tensor and every piece of memory once."""

import pytest
import torch
from torch import nn

from torchloupe.worker.module_tree import read_module_tree


def modules_of(model):
    return {module.path: module for module in read_module_tree(model).modules}


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(10, 4)
        self.head = nn.Linear(4, 10)
        self.head.weight = self.tok.weight
        self.head.bias.requires_grad_(False)
        self.norm = nn.BatchNorm1d(4)


def test_that_bytes_hold_parameters_and_buffers_and_ties_once():
    modules = modules_of(Shared())
    assert modules["norm"].bytes == 4 * 4 * 4 + 8
    assert (modules["head"].bytes, modules["head"].total_bytes) == (200, 200)
    assert modules[""].total_bytes == 160 + 40 + 72
    assert modules[""].bytes == 0


def test_that_the_trainable_share_counts_ties_once():
    modules = modules_of(Shared())
    assert (modules["head"].trainable_numel, modules["head"].total_numel) == (40, 50)
    assert (modules[""].trainable_numel, modules[""].total_numel) == (48, 58)


def test_that_totals_agree_with_torch_for_every_module_of_a_deep_model():
    model = nn.Transformer(8, 2, 2, 2, 16, batch_first=True)
    modules = modules_of(model)
    for path, module in model.named_modules():
        assert modules[path].trainable_numel == sum(each.numel() for each in module.parameters() if each.requires_grad)
        assert modules[path].total_bytes == sum(each.nbytes for each in [*module.parameters(), *module.buffers()])


class Flat(nn.Module):
    """Two layers whose weights are pieces of one tensor, as distributed training has them."""

    def __init__(self, first=slice(0, 8), second=slice(8, 16)):
        super().__init__()
        memory = torch.zeros(16)
        self.a, self.b = nn.Module(), nn.Module()
        self.a.weight = nn.Parameter(memory[first])
        self.b.weight = nn.Parameter(memory[second].view(2, -1))


def test_that_pieces_of_one_memory_are_added_up():
    modules = modules_of(Flat())
    assert (modules["a"].total_bytes, modules["b"].total_bytes, modules[""].total_bytes) == (32, 32, 64)
    assert modules[""].total_numel == 16


def test_that_two_views_of_all_of_it_are_counted_once():
    modules = modules_of(Flat(slice(0, 16), slice(0, 16)))
    assert (modules["a"].total_bytes, modules[""].total_bytes) == (64, 64)
    assert modules[""].total_numel == 32


def test_that_dtype_and_device_are_those_of_everything_below():
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2).half(), nn.ReLU()))
    model[0].to("meta")
    modules = modules_of(model)
    assert (modules[""].dtype, modules[""].device) == ("float16, float32", "cpu, meta")
    assert (modules["1"].dtype, modules["1"].device) == ("float16", "cpu")
    assert (modules["1.1"].dtype, modules["1.1"].device) == ("", "")


def test_that_counters_and_masks_say_the_dtype_only_where_there_is_nothing_else():
    model = nn.Module()
    model.norm = nn.BatchNorm1d(4)
    model.mask = nn.Module()
    model.mask.register_buffer("causal", torch.ones(2, 2, dtype=torch.bool))
    modules = modules_of(model)
    assert (modules[""].dtype, modules["norm"].dtype, modules["mask"].dtype) == ("float32", "float32", "bool")


def test_that_quantised_weights_are_no_counters():
    model = nn.Linear(2, 2)
    model.register_buffer("packed", torch.zeros(4, dtype=torch.int8))
    assert modules_of(model)[""].dtype == "float32, int8"


@pytest.mark.parametrize("depth", [1, 40])
def test_that_a_tensor_tied_across_all_levels_is_counted_once_in_each(depth):
    weight = nn.Parameter(torch.zeros(3))
    model = nn.Module()
    module = model
    for _ in range(depth):
        module.weight, module.inner = weight, nn.Module()
        module = module.inner
    module.weight = weight
    assert {(each.total_numel, each.total_bytes) for each in read_module_tree(model).modules} == {(3, 12)}
