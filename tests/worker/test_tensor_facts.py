"""Parameters and buffers of every kind as plain data."""

import pytest
import torch
from torch import nn

from torchloupe.wire.modules import MOST_SHARING
from torchloupe.worker.module_tree import read_module_tree


def entries_of(**tensors):
    """The entries of a module with these tensors; a Parameter is registered as one, another tensor as a buffer."""
    model = nn.Module()
    for name, tensor in tensors.items():
        (model._parameters if isinstance(tensor, nn.Parameter) else model._buffers)[name] = tensor
    return {entry.key: entry for entry in read_module_tree(model).parameters}


class Stubborn(torch.Tensor):
    """A subclass that answers no question."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        raise RuntimeError("no")


class Wrapper(torch.Tensor):
    """A subclass without memory of its own, as DTensor is one."""

    @staticmethod
    def __new__(cls, inner):
        return torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype, device=inner.device)

    def __init__(self, inner):
        self.inner = inner

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        raise RuntimeError("no")


def coo():
    return torch.eye(3).to_sparse()


def csr():
    return torch.eye(3).to_sparse_csr()


def quantised():
    return torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("make", "shape", "numel", "size"),
    [
        (coo, (3, 3), 9, 2 * 3 * 8 + 3 * 4),
        (csr, (3, 3), 9, 4 * 8 + 3 * 8 + 3 * 4),
        (quantised, (3,), 3, 3),
        (lambda: torch.empty(3, 4, device="meta"), (3, 4), 12, 48),
        (lambda: torch.ones(3).to_mkldnn(), (3,), 3, 12),
        (lambda: torch.ones(3).as_subclass(Stubborn), (3,), 3, 12),
        (lambda: Wrapper(torch.ones(4, dtype=torch.float16)), (4,), 4, 8),
        (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), (2, -1), 5, 20),
        (lambda: torch.ones(4, dtype=torch.complex64), (4,), 4, 32),
        (lambda: torch.ones(4).to(torch.float8_e4m3fn), (4,), 4, 4),
        (lambda: torch.tensor(2.0), (), 1, 4),
        (lambda: torch.empty(0, 3), (0, 3), 0, 0),
    ],
)
def test_that_a_tensor_of_any_kind_has_a_shape_and_a_size(make, shape, numel, size):
    entry = entries_of(odd=make())["odd"]
    assert (entry.shape, entry.numel, entry.bytes) == (shape, numel, size)
    assert (entry.tied_to, entry.shares_with) == ((), ())


def test_that_tensors_in_one_memory_name_each_other():
    memory = torch.zeros(12)
    entries = entries_of(
        a=nn.Parameter(memory[:6]), b=nn.Parameter(memory[6:].view(2, 3)), c=memory, alone=nn.Parameter(torch.zeros(12))
    )
    assert entries["a"].shares_with == ("b", "c")
    assert entries["c"].shares_with == ("a", "b")
    assert entries["alone"].shares_with == ()


def test_that_one_tensor_under_two_names_is_tied_and_does_not_share():
    weight = nn.Parameter(torch.zeros(4))
    entries = entries_of(a=weight, b=weight)
    assert (entries["a"].tied_to, entries["a"].shares_with) == (("b",), ())


def test_that_a_tied_tensor_shares_with_the_third_alone():
    weight = nn.Parameter(torch.zeros(4))
    entries = entries_of(a=weight, b=weight, view=weight.data[:2])
    assert (entries["a"].tied_to, entries["a"].shares_with) == (("b",), ("view",))
    assert entries["view"].shares_with == ("a", "b")


def test_that_tensors_without_data_share_only_what_was_made_together():
    first, other = torch.empty(4, device="meta"), torch.empty(4, device="meta")
    entries = entries_of(a=nn.Parameter(first), b=nn.Parameter(first[:2]), c=nn.Parameter(other))
    assert (entries["a"].shares_with, entries["c"].shares_with) == (("b",), ())


def test_that_a_thousand_pieces_of_one_memory_name_a_few():
    memory = torch.zeros(1000)
    entries = entries_of(**{f"p{number}": nn.Parameter(memory[number : number + 1]) for number in range(1000)})
    assert {len(entry.shares_with) for entry in entries.values()} == {MOST_SHARING}
    assert "p999" not in entries["p999"].shares_with


def test_that_empty_tensors_share_nothing():
    entries = entries_of(a=nn.Parameter(torch.empty(0)), b=nn.Parameter(torch.empty(0)))
    assert entries["a"].shares_with == ()


@pytest.mark.parametrize(
    ("tensor", "stride"),
    [
        (torch.zeros(2, 3), None),
        (torch.zeros(3, 2).t(), (1, 2)),
        (torch.zeros(1).expand(5), (0,)),
        (torch.zeros(2, 3, 4, 4).to(memory_format=torch.channels_last), (48, 1, 12, 3)),
    ],
)
def test_that_a_stride_is_told_only_where_the_shape_does_not_say_it(tensor, stride):
    assert entries_of(weight=nn.Parameter(tensor))["weight"].stride == stride


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("table", torch.zeros(2))
        self.fc = nn.Linear(1, 1)


def test_that_a_tensor_says_where_its_class_assigns_it():
    entries = {entry.key: entry for entry in read_module_tree(Own()).parameters}
    start = Own.__init__.__code__.co_firstlineno
    assert (entries["scale"].file, entries["scale"].line) == (__file__, start + 2)
    assert entries["table"].line == start + 3
    assert (entries["fc.weight"].file, entries["fc.weight"].line) == (None, None)
