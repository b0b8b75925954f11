"""The shape that a parameter should have, and the change of the line that makes it."""

import ast

import pytest

from torchloupe.analysis.parameter_shapes import fitting_shape, shape_edits
from torchloupe.analysis.source_edits import edited


@pytest.mark.parametrize(
    ("operation", "shapes", "at", "wanted"),
    [
        ("matmul", [[5, 12], [16, 8]], 1, (12, 8)),
        ("matmul", [[5, 12], [16, 8]], 0, (5, 16)),
        ("matmul", [[2, 5, 12], [16]], 1, (12,)),
        ("matmul", [[12], [16, 8]], 0, (16,)),
        ("bmm", [[2, 5, 12], [2, 16, 8]], 1, (2, 12, 8)),
        ("+", [[5, 8], [9]], 1, (8,)),
        ("*", [[3, 1], [5, 4, 8]], 0, (4, 1)),
        ("mul", [[5, 4, 8], [3, 1]], 1, (4, 1)),
        ("+", [[3, 6], [8, 6]], 1, (1, 6)),  # the batch
        ("linear", [[5, 12], [8, 16]], 1, (8, 12)),
        ("linear", [[5, 12], [8, 16]], 0, None),
        ("+", [[2, 5, 8], [5, 8]], 0, None),  # of more dimensions than the other one
        ("+", [[5, 8], [5, 8]], 0, None),
        ("cat", [[5, 8], [6, 9]], 0, None),
        ("matmul", [[5, 8]], 0, None),
        ("matmul", [[], [3]], 0, None),
    ],
)
def test_that_a_parameter_takes_the_sizes_of_what_it_meets(operation, shapes, at, wanted):
    assert fitting_shape({"operation": operation, "shapes": shapes}, at) == wanted


@pytest.mark.parametrize(
    ("source", "shape", "after"),
    [
        ("nn.Parameter(torch.randn(16, 8))", (12, 8), "nn.Parameter(torch.randn(12, 8))"),
        ("nn.Parameter(torch.empty((16, 8)) * 0.02)", (16, 9), "nn.Parameter(torch.empty((16, 9)) * 0.02)"),
        ("nn.Parameter(torch.full([3, 1], 2.0))", (4, 1), "nn.Parameter(torch.full([4, 1], 2.0))"),
        ("nn.Parameter(torch.zeros(9))", (8,), "nn.Parameter(torch.zeros(8))"),
        ("nn.Parameter(torch.zeros(9), requires_grad=False)", (8,), "nn.Parameter(torch.zeros(8), requires_grad=False)"),
        ("nn.Parameter(torch.empty(16, 8).normal_(0, 1))", (12, 8), "nn.Parameter(torch.empty(12, 8).normal_(0, 1))"),
        ("nn.Parameter(torch.ones(8).view(1, 8, 1, 1))", (1, 10, 1, 1), None),
        ("nn.Parameter(torch.ones(16).expand(2, 16))", (2, 20), None),
        ("nn.Parameter(torch.ones(2, 8).repeat(2, 1))", (4, 9), None),
        ("nn.Parameter(torch.randint(2, size=(16,)).float())", (20,), None),
        ("nn.Parameter(start)", (20,), None),
        ("torch.zeros(9)", (8,), None),
        ("nn.Parameter(torch.zeros(width))", (8,), None),
        ("nn.Parameter(torch.zeros(width, 9))", (4, 8), None),
        ("nn.Parameter(torch.zeros(9))", (9,), None),
        ("nn.Parameter(torch.zeros(9))", (9, 9), None),
        ("nn.Parameter(torch.zeros(3) + torch.ones(3))", (4,), None),
    ],
)
def test_that_its_sizes_are_changed_where_they_are_written(source, shape, after):
    edits = shape_edits(ast.parse(source, mode="eval").body, shape)
    assert (edited(source, edits) if edits else None) == after
