"""What a refused operation says about the inputs that it was made of."""

import pytest

from torchloupe.analysis.input_candidates import Refusal, Wanted
from torchloupe.analysis.refused_operations import Operand, Operation, refusal_of_operation

X, Y = ("x",), ("y",)


def refusal(name: str, *operands: Operand, arguments: "tuple[object, ...]" = (), error: str = "") -> Refusal:
    return refusal_of_operation(Operation(name, operands, arguments), error, Refusal())


def made(*shape: int, dtype: str = "float32") -> Operand:
    return Operand(shape, dtype, (X,))


def fixed(*shape: int) -> Operand:
    return Operand(shape, "float32", ())


@pytest.mark.parametrize(
    ("name", "operands", "arguments", "wanted"),
    [
        ("+", (made(2, 785, 24), fixed(1, 37, 24)), (), Wanted(785, 37, (X,))),
        ("cat", (made(2, 8, 14, 14), made(2, 4, 13, 13)), (), Wanted(14, 13, (X,))),
        ("linear", (made(2, 11), fixed(6, 4)), (), Wanted(11, 4, (X,))),
        ("mm", (made(2, 11), fixed(12, 16)), (), Wanted(11, 12, (X,))),
        ("view", (made(2, 96),), (2, 4, 20), Wanted(192, 160, (X,))),
        ("einsum", (made(2, 3), fixed(4, 5)), ("ij,jk->ik",), Wanted(3, 4, (X,))),
    ],
)
def test_that_the_sizes_that_clash_are_wanted_alike(
    name: str, operands: "tuple[Operand, ...]", arguments: object, wanted: Wanted
) -> None:
    assert wanted in refusal(name, *operands, arguments=tuple(arguments)).wanted  # type: ignore[arg-type]  # a tuple each


def test_that_both_sides_of_a_clash_may_give_way() -> None:
    wanted = refusal("+", Operand((2, 5), "float32", (X,)), Operand((2, 7), "float32", (Y,))).wanted
    assert wanted == (Wanted(5, 7, (X,)), Wanted(7, 5, (Y,)))


@pytest.mark.parametrize(
    ("name", "error", "dtype"),
    [
        ("embedding", "", "int64"),
        ("one_hot", "", "int64"),
        ("getitem", "tensors used as indices must be long, int, byte or bool tensors", "int64"),
        ("invert", "", "bool"),
    ],
)
def test_that_the_kind_of_values_is_read_from_the_operation(name: str, error: str, dtype: str) -> None:
    assert dtype in refusal(name, made(2, 8), fixed(9, 4), error=error).dtypes


def test_that_limits_of_indices_come_from_tables_and_classes() -> None:
    assert refusal("embedding", made(2, 8, dtype="int64"), fixed(9, 4)).below == 9
    assert refusal("one_hot", made(2, 8, dtype="int64"), arguments=(21,)).below == 21
    assert refusal("cross_entropy", made(4, 3), made(4, dtype="int64")).below == 3


def test_that_dimensions_that_are_missing_are_counted() -> None:
    error = "number of dimensions ... i.e. input.dim() = 2 is not equal to len(dims) = 4"
    assert refusal("permute", made(2, 11), error=error).ranks == (2,)
    assert refusal("getitem", made(2, 11), error="too many indices for tensor of dimension 2").ranks == (1, 2, 3)


def test_that_no_input_is_asked_to_hide_a_fault_of_the_model() -> None:
    assert refusal("matmul", made(2, 8, 48), made(2, 8, 48)).own_fault
    assert refusal("view", made(2, 8), error="view size is not compatible with input tensor's size and stride").own_fault
    assert not refusal("matmul", made(2, 8, 48), fixed(2, 8, 48)).own_fault


def test_that_a_word_looked_up_in_a_tensor_is_a_key() -> None:
    assert refusal("getitem", made(2, 11), arguments=("input_ids",)).looked_up == ("input_ids",)
