"""The operation that raised, seen in a second look."""

import pytest
import torch
import torch.nn.functional as F

from torchloupe.analysis.failed_operations import FailedOperation, explain_operation
from torchloupe.worker.operations import FailingOperation
from torchloupe.worker.places import Places


def seen(operation):
    mode = FailingOperation(Places())
    with pytest.raises((RuntimeError, ValueError, IndexError)), mode:
        operation()
    return mode


def code_of(operation):
    mode = seen(operation)
    failed = FailedOperation(mode.name, mode.operands, mode.arguments, mode.contiguous, "", 0, None, None, "")
    problem = explain_operation(failed)
    return problem and problem.code


X = torch.ones(2, 15, 48)


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (lambda: X @ X, "matmul-mismatch"),
        (lambda: torch.matmul(X, X), "matmul-mismatch"),
        (lambda: torch.bmm(X, X), "matmul-mismatch"),
        (lambda: X.mm(X), "matmul-mismatch"),
        (lambda: torch.einsum("bij,bjk->bik", X, X), "matmul-mismatch"),
        (lambda: X + torch.ones(2, 14, 48), "broadcast-mismatch"),
        (lambda: X - torch.ones(47), "broadcast-mismatch"),
        (lambda: X * torch.ones(2, 3, 1), "broadcast-mismatch"),
        (lambda: X / torch.ones(3), "broadcast-mismatch"),
        (lambda: X.clone().add_(torch.ones(3)), "broadcast-mismatch"),
        (lambda: torch.cat([X, X[0]]), "cat-mismatch"),
        (lambda: torch.stack([X, X[:1]]), "cat-mismatch"),
        (lambda: X.view(7, 7), "view-mismatch"),
        (lambda: X.reshape(-1, 7), "view-mismatch"),
        (lambda: X.permute(1, 0, 2).view(30, 48), "view-not-contiguous"),
        (lambda: F.linear(X, torch.ones(48, 4)), "functional-mismatch"),
        (lambda: F.conv2d(torch.ones(2, 3, 8, 8), torch.ones(1, 1, 3, 3)), "functional-mismatch"),
        (lambda: F.cross_entropy(torch.ones(15, 3), torch.ones(15, 1).long()), "loss-target-shape"),
        (lambda: torch.ones(2, 3).double() @ torch.ones(3, 2), "dtype-mismatch"),
        (lambda: X.softmax(9), None),
    ],
)
def test_that_real_failures_of_torch_get_their_code(operation, code):
    assert code_of(operation) == code


def test_that_shapes_name_and_line_of_the_failing_operation_are_kept():
    mode = seen(lambda: torch.matmul(X, torch.ones(5, 5)))
    assert mode.name == "matmul"
    assert [operand.shape for operand in mode.operands] == [(2, 15, 48), (5, 5)]
    assert mode.place[0] == __file__


def test_that_what_succeeds_before_is_not_remembered():
    def operations():
        torch.relu(X + 1)
        X.view(7, 7)

    assert seen(operations).name == "view"


def test_that_the_first_failure_counts_when_the_user_tries_something_else():
    def operations():
        try:
            X.view(7, 7)
        except RuntimeError:
            torch.matmul(X, X)

    assert seen(operations).name == "view"


def test_that_memory_out_of_order_is_noticed():
    assert not seen(lambda: X.permute(1, 0, 2).view(30, 48)).contiguous
    assert seen(lambda: X.view(7, 7)).contiguous
