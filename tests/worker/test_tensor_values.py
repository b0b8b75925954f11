"""Values of many tensors are compared bit for bit, the small ones all at once."""

import pytest
import torch
from torch import nn

from torchloupe.worker.tensor_values import Prints, Values, fingerprint, is_small, same_bits


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


@pytest.mark.parametrize(("rows", "columns"), [(300, 500), (300, 512), (2, 4), (5, 8198), (4, 3)])
def test_that_a_fingerprint_sees_rows_that_change_places(rows, columns):
    tensor = torch.randn(rows, columns)
    for other in range(1, rows):
        order = list(range(rows))
        order[0], order[other] = other, 0
        assert fingerprint(tensor[order]) != fingerprint(tensor)
    assert fingerprint(tensor.flip(1)) != fingerprint(tensor)
    assert fingerprint(-tensor) != fingerprint(tensor)


def test_that_a_fingerprint_of_nothing_is_one():
    assert fingerprint(torch.zeros(0, 3)) == (0, 0)


def test_that_nan_counts_as_equal_to_itself():
    tensor = torch.tensor([float("nan"), 1.0])
    assert same_bits(tensor, tensor.clone())


@pytest.mark.parametrize(
    "tensor",
    [
        torch.rand(100, 100),
        torch.rand(3, device="meta"),
        torch.eye(3).to_sparse(),
        torch.rand(3, dtype=torch.complex64),
        torch.rand(3).as_subclass(type("Own", (torch.Tensor,), {})),
    ],
)
def test_that_large_and_odd_tensors_are_looked_at_one_by_one(tensor):
    assert not is_small(tensor)
    assert is_small(torch.rand(3))
    assert is_small(nn.Parameter(torch.rand(2, 2)))


TENSORS = [torch.rand(3), torch.arange(5), torch.rand(2, 3).t(), torch.tensor(1.0), torch.zeros(0), torch.rand(7).half()]


@pytest.mark.parametrize("number", [number for number, tensor in enumerate(TENSORS) if tensor.numel()])
def test_that_the_one_that_differs_is_found(number):
    tensors = [tensor.clone() for tensor in TENSORS]
    before = Values(tensors)
    assert before.differing(Values(tensors, before)) == set()
    tensors[number].add_(1)
    assert before.differing(Values(tensors, before)) == {number}
    assert same_bits(before.copies()[number], TENSORS[number])


def test_that_the_copy_of_a_single_tensor_is_a_copy():
    tensor = torch.rand(3)
    before = Values([tensor])
    tensor.zero_()
    assert before.differing(Values([tensor])) == {0}


def test_that_nan_and_the_sign_of_zero_are_bits():
    tensor = torch.tensor([float("nan"), 0.0])
    before = Values([tensor])
    assert before.differing(Values([tensor])) == set()
    tensor[1] = -0.0
    assert before.differing(Values([tensor])) == {0}


def test_that_another_shape_or_dtype_is_a_difference():
    before = Values([torch.zeros(4), torch.zeros(2)])
    assert before.differing(Values([torch.zeros(2, 2), torch.zeros(2)])) == {0}
    assert before.differing(Values([torch.zeros(4), torch.zeros(2).half()])) == {1}


def test_that_prints_name_what_changed_small_or_large():
    tensors = {"small": torch.rand(3), "large": torch.rand(100, 100), "same": torch.rand(2)}
    before = Prints(tensors)
    assert before.differing(Prints(tensors)) == set()
    tensors["small"] += 1
    tensors["large"][0, 0] += 1
    assert before.differing(Prints(tensors)) == {"small", "large"}


def test_that_a_tensor_that_grew_is_named():
    tensors = {"one": torch.rand(3), "other": torch.rand(3)}
    before = Prints(tensors)
    tensors["one"] = torch.rand(100, 100)
    assert "one" in before.differing(Prints(tensors))
