"""What a person writes for an operation."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from torchloupe.worker.operation_names import MOST_LETTERS, spoken

X, Y = torch.rand(2, 3), torch.rand(2, 3)
SQUARE, IMAGE = torch.rand(3, 3), torch.rand(1, 2, 4, 4)
BITS = X > 0.5


class Heard(TorchFunctionMode):
    """Keeps what the last operation is called, its operands and its other arguments."""

    name = None
    tensors = values = ()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        known = spoken(func)
        if known is not None:
            self.name = known.written(args, kwargs or {})
            self.tensors = [name for name, _ in known.tensors(args, kwargs or {})]
            self.values = {value.name: value.text for value in known.values(args, kwargs or {})}
            self.reads = known.reads
        return func(*args, **(kwargs or {}))


def heard(run):
    with Heard() as mode:
        run()
    return mode


@pytest.mark.parametrize(
    ("run", "name"),
    [
        (lambda: X + Y, "x + y"),
        (lambda: X + 1, "x + 1"),
        (lambda: 1 - X, "1 - x"),
        (lambda: X * 0.1767766952966369, "x * 0.176777"),
        (lambda: X - Y, "x - y"),
        (lambda: X * 0.5, "x * 0.5"),
        (lambda: 2 / X, "2 / x"),
        (lambda: X / Y, "x / y"),
        (lambda: X // 2, "x // 2"),
        (lambda: X % 2, "x % 2"),
        (lambda: X**2, "x ** 2"),
        (lambda: 2**X, "2 ** x"),
        (lambda: X @ SQUARE, "x @ y"),
        (lambda: X > 0, "x > 0"),
        (lambda: X == Y, "x == y"),
        (lambda: BITS & BITS, "x & y"),
        (lambda: BITS | BITS, "x | y"),
        (lambda: BITS ^ BITS, "x ^ y"),
        (lambda: ~BITS, "~x"),
        (lambda: -X, "-x"),
        (lambda: X.clone().add_(Y), "x += y"),
        (lambda: X.clone().__imul__(2), "x *= 2"),
        (lambda: X.add(Y, alpha=2), ".add"),
        (lambda: X[:, 0], "x[:, 0]"),
        (lambda: X[0], "x[0]"),
        (lambda: X[BITS], "x[tensor]"),
        (lambda: X[..., None], "x[..., None]"),
        (lambda: X.clone().__setitem__((0, slice(None)), 1), "x[0, :] = 1"),
        (lambda: X.clone().__setitem__(0, Y[0]), "x[0] = y"),
        (lambda: F.relu(X), "F.relu"),
        (lambda: torch.relu(X), "torch.relu"),
        (lambda: X.relu(), ".relu"),
        (lambda: torch.cat([X, Y]), "torch.cat"),
        (lambda: torch.einsum("ij,ij->i", X, Y), "torch.einsum"),
        (lambda: F.scaled_dot_product_attention(IMAGE, IMAGE, IMAGE), "F.scaled_dot_product_attention"),
        (lambda: torch.linalg.norm(X), "torch.linalg.norm"),
        (lambda: torch.special.expit(X), "torch.special.expit"),
        (lambda: X.clone().zero_(), ".zero_"),
        (lambda: X.T, ".T"),
        (lambda: X.sum().item(), ".item"),
        (lambda: float(X.sum()), "float(x)"),
        (lambda: bool(X.sum() > 0), "bool(x)"),
        (lambda: copy.deepcopy(X), "copy.deepcopy(x)"),
        (lambda: torch.arange(3), "torch.arange"),
    ],
)
def test_that_an_operation_is_called_what_a_person_writes(run, name):
    assert heard(run).name == name


@pytest.mark.parametrize("run", [lambda: X.shape, lambda: X.device, lambda: X.requires_grad, lambda: X.grad, lambda: X.data])
def test_that_an_attribute_is_no_operation(run):
    assert heard(run).name is None


def test_that_what_reads_values_is_known():
    assert heard(lambda: X.tolist()).reads
    assert heard(lambda: torch.equal(X, Y)).reads
    assert not heard(lambda: X.exp()).reads


@pytest.mark.parametrize(
    ("run", "tensors", "values"),
    [
        (lambda: X + Y, ["x", "y"], {}),
        (lambda: 1 - X, ["y"], {}),
        (lambda: torch.cat([X, Y], 1), ["tensors[0]", "tensors[1]"], {"dim": "1"}),
        (lambda: torch.cat((X, Y), dim=-1), ["tensors[0]", "tensors[1]"], {"dim": "-1"}),
        (lambda: torch.einsum("ij,ij->i", X, Y), ["operands[0]", "operands[1]"], {"equation": "'ij,ij->i'"}),
        (lambda: F.softmax(X, dim=-1), ["input"], {"dim": "-1"}),
        (lambda: F.linear(X, SQUARE), ["input", "weight"], {}),
        (lambda: F.max_pool2d(IMAGE, 2), ["input"], {"kernel_size": "2"}),
        (lambda: X.view(3, -1), ["x"], {"shape": "(3, -1)"}),
        (lambda: X.view((3, 2)), ["x"], {"shape": "(3, 2)"}),
        (lambda: X.max(-1), ["x"], {"[1]": "-1"}),
        (lambda: X.masked_fill(BITS, 1.0), ["x", "mask"], {"value": "1.0"}),
        (lambda: X.add(Y, alpha=2), ["x", "y"], {"alpha": "2"}),
        (lambda: torch.ones(2, 3), [], {"[0]": "2", "[1]": "3"}),
        (lambda: X[:, 0], ["x"], {}),
        (lambda: X[BITS], ["x", "index"], {}),
    ],
)
def test_that_operands_and_values_have_names(run, tensors, values):
    mode = heard(run)
    assert (mode.tensors, mode.values) == (tensors, values)


def test_that_a_long_index_is_cut():
    name = heard(lambda: torch.rand([1] * 9)[(0,) * 9]).name
    assert name.startswith("x[0, 0, 0")
    assert len(name) < MOST_LETTERS


def test_that_an_operator_of_another_library_keeps_its_name():
    def nms(boxes):
        return boxes

    assert spoken(nms).name == "nms"
    assert spoken(nms).arguments == ("boxes",)
    assert spoken(torch.ops.aten.relu.default).name.startswith("aten")
