"""Stored tensors that become the model's by being turned around, arranged otherwise, cut or joined: decided on shapes alone."""

from math import prod

import pytest

from torchloupe.analysis.arrangement import arrangement, can_be_arranged
from torchloupe.analysis.conversion import Conversion, conversions
from torchloupe.analysis.diff_rows import DiffRow, KeyEntry
from torchloupe.wire.contents import StoredTensor

Shape = tuple[int, ...]


def stored(key: str, shape: Shape, dtype: str = "float32", offset: int = 0) -> StoredTensor:
    strides = tuple(prod(shape[place + 1 :]) for place in range(len(shape)))
    return StoredTensor(key, shape, dtype, 4 * prod(shape), stored_at=f"data/{key}", offset=offset, strides=strides)


def row(status: str, expected: tuple[str, Shape], found: tuple[str, Shape], **more: object) -> DiffRow:
    sides = (KeyEntry(*expected, "float32"), KeyEntry(*found, "float32"))
    return DiffRow(status, *sides, "", 1.0)._replace(**more)


def only(rows: list[DiffRow], *tensors: StoredTensor) -> Conversion:
    ((key, made),) = conversions(rows, {tensor.key: tensor for tensor in tensors}).items()
    assert rows[0].expected is not None
    assert key == rows[0].expected.key
    return made


@pytest.mark.parametrize("status", ["matched", "renamed", "dtype"])
def test_that_what_fits_is_taken_as_it_is(status: str) -> None:
    tensor = stored("b", (3, 4))
    assert only([row(status, ("a", (3, 4)), ("b", (3, 4)))], tensor) == Conversion(tensor, "", ("b",))


def test_that_a_matrix_is_turned_around_by_its_strides() -> None:
    made = only([row("transposed", ("a", (4, 3)), ("b", (3, 4)))], stored("b", (3, 4), offset=7))
    (view,) = made.tensor.parts
    assert (view.shape, view.strides, view.offset) == ((4, 3), (1, 4), 7)
    assert (made.tensor.shape, made.tensor.strides, made.tensor.stored_at, made.how) == ((4, 3), (3, 1), "", "transposed")


def test_that_a_part_is_cut_out_where_it_lies() -> None:
    whole = stored("qkv", (12, 4), offset=5)
    made = only([row("split", ("k", (4, 4)), ("qkv", (12, 4)), cut=(0, 4, 8))], whole)
    assert (made.tensor.parts[0].shape, made.tensor.parts[0].offset) == ((4, 4), 5 + 4 * 4)
    assert made.tensor.bytes == 4 * 16
    assert made.how == "cut out"


def test_that_a_part_along_the_columns_may_be_turned_around_too() -> None:
    made = only([row("split", ("k", (4, 4)), ("qkv", (4, 12)), cut=(1, 4, 8), turned=True)], stored("qkv", (4, 12)))
    (view,) = made.tensor.parts
    assert (view.shape, view.strides, view.offset) == ((4, 4), (1, 12), 4)
    assert made.how == "cut out and transposed"


def test_that_several_are_joined_in_their_order() -> None:
    rows = [row("fused", ("qkv", (9, 2)), (key, (3, 2)), cut=(0, at, at + 3)) for at, key in ((0, "q"), (3, "k"), (6, "v"))]
    made = only(rows, stored("q", (3, 2)), stored("v", (3, 2)), stored("k", (3, 2)))
    assert [part.key for part in made.tensor.parts] == ["q", "k", "v"]
    assert (made.tensor.key, made.tensor.bytes, made.found) == ("q + k + v", 72, ("q", "k", "v"))


def test_that_nothing_is_joined_while_a_part_is_not_there_or_is_another_dtype() -> None:
    rows = [row("fused", ("kv", (6, 2)), (key, (3, 2)), cut=(0, at, at + 3)) for at, key in ((0, "k"), (3, "v"))]
    assert conversions(rows, {"k": stored("k", (3, 2))}) == {}
    assert conversions(rows, {"k": stored("k", (3, 2)), "v": stored("v", (3, 2), "float16")}) == {}


def test_that_the_order_of_the_keys_is_that_of_the_rows() -> None:
    rows = [
        row("matched", ("a", (1,)), ("a", (1,))),
        *(row("fused", ("kv", (6, 2)), (key, (3, 2)), cut=(0, at, at + 3)) for at, key in ((0, "k"), (3, "v"))),
        row("matched", ("z", (1,)), ("z", (1,))),
    ]
    tensors = [stored("a", (1,)), stored("k", (3, 2)), stored("v", (3, 2)), stored("z", (1,))]
    assert list(conversions(rows, {tensor.key: tensor for tensor in tensors})) == ["a", "kv", "z"]


@pytest.mark.parametrize("status", ["shape", "resized", "missing", "unexpected"])
def test_that_other_sizes_are_not_made_to_fit(status: str) -> None:
    assert conversions([row(status, ("a", (3, 4)), ("b", (5, 4)))], {"b": stored("b", (5, 4))}) == {}


def test_that_an_unsure_pair_is_left_out_when_that_is_wanted() -> None:
    unsure = row("renamed", ("a", (2,)), ("b", (2,)), confidence=0.5)
    assert conversions([unsure], {"b": stored("b", (2,))}, 0.6) == {}
    assert list(conversions([unsure], {"b": stored("b", (2,))})) == ["a"]


@pytest.mark.parametrize(
    ("found", "expected", "order"),
    [
        ((3, 3, 8, 16), (16, 8, 3, 3), (3, 2, 0, 1)),
        ((3, 3, 8, 2), (8, 2, 3, 3), (2, 3, 0, 1)),
        ((5, 4, 7), (7, 4, 5), (2, 1, 0)),
        ((4, 7), (7, 4), (1, 0)),
        ((8,), (8, 1, 1), None),
        ((16, 8, 1, 1), (16, 8), None),
        ((1, 1, 8, 16), (16, 8), (3, 2, 0, 1)),
        ((4, 6), (24,), None),
    ],
)
def test_that_the_order_of_the_dimensions_is_known(found: Shape, expected: Shape, order: Shape | None) -> None:
    told = arrangement(found, expected)
    assert (told if told is None or order is None else tuple(found[at] for at in told if found[at] != 1)) == (
        None if order is None else tuple(found[at] for at in order if found[at] != 1)
    )
    assert can_be_arranged(found, expected)


def test_that_an_unusual_order_is_not_guessed() -> None:
    assert not can_be_arranged((2, 3, 4, 5), (3, 2, 5, 4))
    assert conversions([row("reshaped", ("a", (3, 2, 5, 4)), ("b", (2, 3, 4, 5)))], {"b": stored("b", (2, 3, 4, 5))}) == {}


def test_that_a_tensor_of_a_key_list_is_planned_and_its_reader_will_refuse_it() -> None:
    key_list = StoredTensor("b", (3, 4), "float32", 48)
    assert only([row("transposed", ("a", (4, 3)), ("b", (3, 4)))], key_list).tensor.parts[0].strides == ()
    assert only([row("split", ("a", (1, 4)), ("b", (3, 4)), cut=(0, 1, 2))], key_list).tensor.parts[0].shape == (1, 4)
    assert only([row("reshaped", ("a", (1, 4, 3)), ("b", (3, 4, 1)))], key_list).tensor.shape == (1, 4, 3)
