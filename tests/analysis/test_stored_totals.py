"""How much lies in a checkpoint, and what of it counts once."""

from dataclasses import replace
from math import prod

import pytest

from torchloupe.analysis.stored_totals import (
    Totals,
    has_usual_strides,
    sharing,
    totals_by_dtype,
    totals_by_prefix,
    totals_of,
)
from torchloupe.wire.contents import StoredTensor


def stored(key: str, shape: tuple[int, ...] = (4,), at: str = "", dtype: str = "float32", **facts: object) -> StoredTensor:
    size = 4
    for length in shape:
        size *= length
    return StoredTensor(key, shape, dtype, size, stored_at=at or f"data/{key}", **facts)  # type: ignore[arg-type]


def test_that_tensors_numbers_and_bytes_add_up() -> None:
    assert totals_of([stored("a", (2, 3)), stored("b", ())]) == Totals(2, 7, 28, 0)
    assert totals_of([]) == Totals()


def test_that_one_memory_under_two_names_counts_once_and_is_said() -> None:
    tied = [stored("wte", (8, 2), "data/0"), stored("head", (8, 2), "data/0"), stored("other", (3,))]
    assert totals_of(tied) == Totals(3, 19, 76, 1)


def test_that_a_transposed_name_for_the_same_memory_counts_once_too() -> None:
    turned = replace(stored("t", (2, 8), "data/0"), strides=(1, 2))
    assert totals_of([stored("w", (8, 2), "data/0"), turned]) == Totals(2, 16, 64, 1)


def test_that_two_parts_of_one_storage_both_count() -> None:
    parts = [stored("q", (4,), "data/0"), stored("k", (4,), "data/0", offset=4)]
    assert totals_of(parts).numbers == 8
    assert len(sharing(parts)[None, "data/0"]) == 2


def test_that_equal_names_of_storages_in_different_files_are_different_memory() -> None:
    parts = [stored("a", at="0", file="one.bin"), stored("b", at="0", file="two.bin")]
    assert totals_of(parts).numbers == 8
    assert sharing(parts) == {}


def test_that_tensors_without_bytes_or_storage_share_nothing() -> None:
    empty = [replace(stored(key, (0,), "0:0"), bytes=0) for key in "ab"]
    nowhere = [replace(stored(key), stored_at="") for key in "cd"]
    assert sharing([*empty, *nowhere]) == {}
    assert totals_of(nowhere).numbers == 8


def test_that_dtypes_come_with_the_most_frequent_first() -> None:
    tensors = [stored("n", (), dtype="int64"), stored("a"), stored("b")]
    assert list(totals_by_dtype(tensors).items()) == [("float32", Totals(2, 8, 32)), ("int64", Totals(1, 1, 4))]


def test_that_prefixes_begin_where_the_keys_differ() -> None:
    keys = ("transformer.h.0.w", "transformer.h.1.w", "transformer.wte.weight")
    assert {prefix: each.tensors for prefix, each in totals_by_prefix([stored(key) for key in keys]).items()} == {
        "transformer.h": 2,
        "transformer.wte": 1,
    }


@pytest.mark.parametrize(
    ("keys", "prefixes"),
    [
        ((), []),
        (("a.b.c",), ["a"]),
        (("weight", "bias"), ["weight", "bias"]),
        (("fc.weight", "fc.weighted"), ["fc.weight", "fc.weighted"]),
        (("a.w", "a.w.b"), ["a.w"]),
        (("block1.w", "block2.w"), ["block1", "block2"]),
    ],
)
def test_that_a_prefix_is_a_whole_part_of_a_key(keys: tuple[str, ...], prefixes: list[str]) -> None:
    assert list(totals_by_prefix([stored(key) for key in keys])) == prefixes


@pytest.mark.parametrize(
    ("shape", "strides", "usual"),
    [
        ((2, 3), (3, 1), True),
        ((2, 3), (1, 2), False),
        ((2, 3), (), True),
        ((), (), True),
        ((1, 3), (99, 1), True),
        ((5,), (2,), False),
        ((5,), (0,), False),
        ((0, 3), (7, 7), True),
        ((2, 3, 4), (12, 4, 1), True),
    ],
)
def test_that_strides_are_usual_when_elements_stand_one_behind_the_other(
    shape: tuple[int, ...], strides: tuple[int, ...], usual: bool
) -> None:
    assert has_usual_strides(replace(stored("w", shape), strides=strides)) is usual


def view(key, offset, shape, strides=None):
    count = prod(shape)
    usual, step = [], 1
    for length in reversed(shape):
        usual.insert(0, step)
        step *= length
    return StoredTensor(key, shape, "float32", 4 * count, stored_at="data/0", offset=offset, strides=strides or tuple(usual))


def test_that_slices_of_a_fused_tensor_count_once():
    whole = totals_of([view("fused", 0, (30, 10)), view("q", 0, (10, 10)), view("k", 100, (10, 10)), view("v", 200, (10, 10))])
    assert (whole.tensors, whole.numbers, whole.bytes, whole.again) == (4, 300, 1200, 3)


def test_that_parts_that_overlap_count_what_they_take_together():
    some = totals_of([view("a", 0, (60,)), view("b", 40, (60,))])
    assert (some.numbers, some.bytes, some.again) == (100, 400, 0)


def test_that_a_transpose_counts_once():
    some = totals_of([view("a", 0, (3, 5)), view("t", 0, (5, 3), (1, 5))])
    assert (some.numbers, some.bytes, some.again) == (15, 60, 1)


def test_that_parts_of_one_storage_that_do_not_meet_count_both():
    some = totals_of([view("a", 0, (10,)), view("b", 50, (10,))])
    assert (some.numbers, some.bytes, some.again) == (20, 80, 0)
