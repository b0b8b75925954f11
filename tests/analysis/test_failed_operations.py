"""Why an operation in a module's own forward failed."""

import pytest

from torchloupe.analysis.failed_operations import FailedOperation, explain_operation
from torchloupe.wire.tensors import TensorMeta


def failed(name, *shapes, arguments=(), contiguous=True, dtypes=None, devices=None):
    dtypes = dtypes or ["float32"] * len(shapes)
    devices = devices or ["cpu"] * len(shapes)
    operands = tuple(TensorMeta(shape, dtype, device) for shape, dtype, device in zip(shapes, dtypes, devices, strict=True))
    return FailedOperation(name, operands, arguments, contiguous, "block", 4, "net.py", 16, "boom", "traceback")


@pytest.mark.parametrize(
    ("operation", "code", "words"),
    [
        (failed("matmul", (2, 15, 48), (2, 15, 48)), "matmul-mismatch", "transpose(-2, -1)"),
        (failed("matmul", (2, 15, 48), (2, 20, 30)), "matmul-mismatch", "inner sizes agree"),
        (failed("bmm", (2, 3, 4), (5, 4, 6)), "matmul-mismatch", "inner sizes agree"),
        (failed("mv", (3, 4), (5,)), "matmul-mismatch", "inner sizes agree"),
        (failed("einsum", (2, 3), (4, 5), arguments=("ij,jk->ik",)), "matmul-mismatch", "each letter"),
        (failed("+", (2, 16, 32, 32), (2, 16, 16, 16)), "broadcast-mismatch", "both branches"),
        (failed("cat", (2, 16, 25, 25), (2, 16, 24, 24)), "cat-mismatch", "interpolate"),
        (failed("cat", (2, 16, 25), (2, 16)), "cat-mismatch", "unsqueeze"),
        (failed("view", (3, 10, 4, 8), arguments=(3, 10, 32), contiguous=False), "view-not-contiguous", "reshape"),
        (failed("view", (4, 16, 4, 4), arguments=((-1, 400),)), "view-mismatch", "flatten(1)"),
        (failed("reshape", (16,), arguments=(5, 5)), "view-mismatch", "flatten(1)"),
        (failed("linear", (10, 64), (64, 4)), "functional-mismatch", "Transpose the weight"),
        (failed("conv2d", (2, 3, 24, 24), (1, 1, 3, 3)), "functional-mismatch", "this many inputs"),
        (failed("cross_entropy", (15, 3), (15, 1)), "loss-target-shape", "class dimension"),
        (failed("+", (2, 2), (2, 2), devices=("cpu", "cuda:0")), "device-mismatch", "one device"),
        (failed("matmul", (2, 3), (3, 2), dtypes=("float64", "float32")), "dtype-mismatch", "torch.float32"),
    ],
)
def test_that_a_failed_operation_has_its_code_and_a_repair(operation, code, words):
    problem = explain_operation(operation)
    assert problem.code == code
    assert words in problem.hint
    assert (problem.module, problem.call, problem.file, problem.line, problem.details) == ("block", 4, "net.py", 16, "traceback")
    assert problem.data["shapes"] == [list(operand.shape) for operand in operation.operands]


@pytest.mark.parametrize(
    "operation",
    [
        failed("matmul", (2, 3), (3, 4)),
        failed("+", (2, 3), (1, 3)),
        failed("+", (2, 3)),
        failed("view", (2, 3), arguments=(6,)),
        failed("linear", (2, 3), (4, 3)),
        failed("cross_entropy", (2, 3), (2, 3)),
        failed("softmax", (2, 3)),
        failed("matmul"),
    ],
)
def test_that_shapes_that_agree_are_not_blamed(operation):
    assert explain_operation(operation) is None


def test_that_both_shapes_stand_in_the_sentence():
    assert "[2, 15, 48] and [2, 15, 48]" in explain_operation(failed("matmul", (2, 15, 48), (2, 15, 48))).message
