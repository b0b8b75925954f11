"""One cause is one mismatch: what follows from an earlier one is tied to it."""

import pytest

from torchloupe.analysis.mismatch_chain import (
    Mismatch,
    are_alike,
    causes,
    changes_asked,
    key_of,
    producer_of,
    sizes_that_clash,
)
from torchloupe.wire.problems import Problem
from torchloupe.wire.tensors import TensorMeta
from torchloupe.wire.traces import LayerCall


def layer(module, expected, got, producer=None, line=None, code="shape-mismatch"):
    data = {"expected": expected, "got": got, "definition_file": "net.py", "definition_line": line}
    return Mismatch(Problem(code, "does not fit", module=module, file="net.py", line=20, data=data), producer)


def double(module, producer):
    return layer(module, "float32", "float64", producer, code="dtype-mismatch")


def operation(name, line, *shapes, code="broadcast-mismatch"):
    data = {"operation": name, "shapes": [list(shape) for shape in shapes]}
    return Mismatch(Problem(code, "does not fit", module="", file="net.py", line=line, data=data))


def filtered(line):
    return operation("conv2d", line, (2, 3, 8, 8), (1, 1, 3, 3), code="functional-mismatch")


def call(index, class_name, given, made, status="done"):
    metas = [(TensorMeta(shape, "float32", "cpu"),) for shape in (given, made)]
    return LayerCall(index, f"part{index}", class_name, 0, 0, metas[0], metas[1], status=status)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], []),
        ([layer("a", 32, 64, 1), layer("b", 16, 32, 2)], [None, None]),
        ([layer("q", 64, 48, 1), layer("k", 64, 48, 1), layer("v", 64, 48, 1)], [None, 0, 0]),
        ([layer("one", 32, 64, 1), layer("two", 32, 64, 7)], [None, None]),
        ([layer("0", 12, 8, 1, line=11), layer("1", 12, 8, 2, line=11)], [None, 0]),
        ([layer("0", 12, 8, 1, line=11), layer("1", 12, 8, 2, line=12)], [None, None]),
        ([layer("again", 5, 7, 1), layer("again", 5, 9, 2)], [None, 0]),
        ([layer("q", 64, 48, 1), operation("+", 9, (2, 7, 48), (2, 7, 64))], [None, 0]),
        ([layer("q", 64, 48, 1), operation("+", 9, (2, 7, 48), (2, 7, 60))], [None, None]),
        ([operation("+", 9, (2, 8), (2, 4)), operation("+", 9, (2, 4), (2, 2))], [None, 0]),
        ([operation("+", 9, (2, 8), (2, 4)), operation("+", 10, (2, 8), (2, 4))], [None, None]),
        ([filtered(9), filtered(10)], [None, 0]),
        ([operation("+", 9, (2, 8), (2, 4)), layer("a", 8, 4, 1)], [None, None]),
        ([double("one", 1), double("two", 2)], [None, 0]),
        ([layer("state", [1, 2, 3], [1, 9, 3]), layer("other", [1, 2, 3], [1, 9, 3])], [None, None]),
        ([layer("q", 64, 48, 1), layer("k", 64, 48, 1), operation("+", 9, (2, 48), (2, 64)), layer("q", 64, 48, 5)], [None, 0, 0, 0]),
    ],
    ids=[
        *("nothing", "two widths", "one producer", "two producers", "made by one line", "made by two lines", "called again"),
        *("the sum after it", "another sum", "one line", "two lines", "two filters"),
        *("after a sum", "dtypes", "states", "all from the first"),
    ],
)  # fmt: skip
def test_that_only_what_has_a_cause_of_its_own_stands_for_itself(found, expected):
    assert causes(found) == expected


def test_that_a_layer_is_known_by_its_path_and_an_operation_by_its_line():
    assert key_of(layer("a", 1, 2).problem) == ("a",)
    assert operation("+", 9, (2,), (3,)).key == ("net.py", 9, "+")


@pytest.mark.parametrize(
    ("mismatch", "sizes"),
    [
        (operation("+", 1, (2, 7, 48), (2, 7, 64)), {48, 64}),
        (operation("+", 1, (2, 8, 8), (2, 4, 4)), set()),
        (operation("+", 1, (2, 1, 8), (2, 4, 6)), {8, 6}),
        (operation("matmul", 1, (2, 3), (4, 5), code="matmul-mismatch"), {3, 4}),
        (operation("matmul", 1, (2, 3), (3,), code="matmul-mismatch"), set()),
        (operation("einsum", 1, (2, 3), (4, 5), code="matmul-mismatch"), set()),
        (operation("cat", 1, (2, 3), (4, 5), code="cat-mismatch"), set()),
        (operation("view", 1, (2, 3), code="view-mismatch"), set()),
        (layer("a", 1, 2), set()),
    ],
    ids=["one axis", "two axes", "a one broadcasts", "a product", "a vector", "letters", "a join", "one tensor", "a layer"],
)
def test_that_the_sizes_that_clash_are_those_of_the_one_axis_that_does_not_fit(mismatch, sizes):
    assert sizes_that_clash(mismatch.problem) == sizes


def test_that_a_size_comes_from_the_call_that_made_it():
    calls = [
        call(0, "Conv2d", (2, 3, 8, 8), (2, 64, 8, 8)),
        call(1, "BatchNorm2d", (2, 64, 8, 8), (2, 64, 8, 8)),
        call(2, "ReLU", (2, 64, 8, 8), (2, 64, 8, 8)),
        call(3, "Linear", (2, 64), (2, 64), status="failed"),
        call(5, "Linear", (2, 64), (2, 64)),
    ]
    assert producer_of(64, 4, calls) == 0
    assert producer_of(64, 6, calls) == 5
    assert producer_of(7, 6, calls) is None
    assert producer_of(2, 6, calls) is None


def asked(expected=None, got=None, **data):
    sizes = {"expected": expected, "got": got} if expected is not None else {}
    return Problem("shape-mismatch", "", data={**sizes, **data})


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (asked(64, 48), asked(64, 48), True),
        (asked(64, 48), asked(80, 64), True),
        (asked(64, 48), asked(256, 192), True),
        (asked(64, 48), asked(50, 70), False),
        (asked(64, 48), asked(operation="view", shapes=[[2, 48]]), True),
        (asked(64, 48), asked(operation="view", shapes=[[2, 47]]), False),
        (asked((2, 4, 8), (2, 4, 9)), asked(50, 70), True),
    ],
    ids=["the same", "joined with more", "flattened", "others", "an operation on it", "an operation beside it", "a state"],
)
def test_that_mismatches_that_one_change_could_repair_are_alike(one, other, alike):
    assert are_alike(one, other) == alike


def test_that_two_operands_ask_for_either_size():
    clash = Problem("broadcast-mismatch", "", data={"operation": "+", "shapes": [[2, 5, 8], [2, 5, 6]]})
    assert set(changes_asked(clash)) == {(8, 6), (6, 8)}
    assert list(changes_asked(asked())) == []
