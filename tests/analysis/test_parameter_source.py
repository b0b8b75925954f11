"""nn.Parameter(...) inside of a larger expression, and what it should have been."""

import ast

import pytest

from torchloupe.analysis.registration.parameter_source import is_only_moved, parameter_inside, repaired_parameter


def value(text):
    return ast.parse(text).body[0].value


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("nn.Parameter(torch.randn(4, 16)) * 0.02", "nn.Parameter(torch.randn(4, 16) * 0.02)"),
        ("0.02 * nn.Parameter(torch.randn(4))", "nn.Parameter(0.02 * torch.randn(4))"),
        ("-nn.Parameter(w)", "nn.Parameter(-w)"),
        ("nn.Parameter(w).to(device)", "nn.Parameter(w.to(device))"),
        ("torch.nn.Parameter(w).t().cuda()", "torch.nn.Parameter(w.t().cuda())"),
        ("nn.Parameter(w)[:3]", "nn.Parameter(w[:3])"),
        ("nn.Parameter(w).T", "nn.Parameter(w.T)"),
        ("torch.sigmoid(Parameter(w))", "Parameter(torch.sigmoid(w))"),
        ("(nn.Parameter(w) + 1) / 2", "nn.Parameter((w + 1) / 2)"),
    ],
)
def test_that_the_operation_moves_inside(text, repaired):
    assert parameter_inside(value(text)) is not None
    assert repaired_parameter(value(text)) == repaired


@pytest.mark.parametrize("text", ["nn.Parameter(w * 2)", "torch.randn(3)", "[nn.Parameter(w)]", "w * 2"])
def test_that_there_is_not_always_an_operation(text):
    assert parameter_inside(value(text)) is None


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("torch.randn(3, requires_grad=True)", "nn.Parameter(torch.randn(3))"),
        ("torch.zeros(3).requires_grad_()", "nn.Parameter(torch.zeros(3))"),
        ("torch.tensor([1.0], dtype=d, requires_grad=True)", "nn.Parameter(torch.tensor([1.0], dtype=d))"),
        ("Variable(w)", "nn.Parameter(Variable(w))"),
    ],
)
def test_that_a_tensor_becomes_a_parameter_without_asking_for_the_gradient_twice(text, repaired):
    assert repaired_parameter(value(text)) == repaired


def test_that_a_long_repair_is_not_spelled_out_and_the_source_is_left_as_it_is():
    source = value("nn.Parameter(" + "a + " * 60 + "b) * 2")
    before = ast.unparse(source)
    assert repaired_parameter(source) == ""
    assert ast.unparse(source) == before


def test_that_a_mere_move_is_told_from_an_operation():
    texts = ("nn.Parameter(w).to(device)", "nn.Parameter(w).cuda()", "nn.Parameter(w) * 2", "nn.Parameter(w).t()", "w.to(d)")
    assert [is_only_moved(value(text)) for text in texts] == [True, True, False, False, False]
