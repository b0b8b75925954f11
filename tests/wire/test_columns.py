"""Columns of long tuples: what was written is read again, in little room."""

import dataclasses
import json
import math
from array import array
from typing import Any, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torchloupe.wire.codec import from_plain, to_plain
from torchloupe.wire.columns import columns
from torchloupe.wire.numbers import Counts
from torchloupe.wire.tensors import TensorMeta, TensorStats
from torchloupe.wire.traces import LayerCall, PlainValue

COUNT = 300
INT64 = st.integers(-(2**63), 2**63 - 1)
COUNTS = st.lists(st.integers(0, 2**32 - 1), max_size=5).map(lambda numbers: Counts(array("I", numbers).tobytes()))
FLOATS = st.floats(allow_nan=False)
METAS = st.builds(
    TensorMeta,
    st.lists(st.integers(0, 2**40), max_size=4).map(tuple),
    st.sampled_from(["float32", "int64"]),
    st.sampled_from(["cpu", "cuda:0"]),
    st.text(max_size=3),
    st.sampled_from(["", "strided"]),
)
STATS = st.builds(
    TensorStats,
    *[st.integers(0, 2**50), *[st.none() | FLOATS] * 4, *[st.integers(0, 300)] * 3],
    st.none() | st.lists(st.integers(0, 2**33), min_size=64, max_size=64).map(tuple),
    st.none() | st.integers(0, 2**40),
)
CALLS = st.builds(
    LayerCall,
    st.integers(0, 2**40),
    st.text(max_size=5),
    st.sampled_from(["Linear", "ReLU"]),
    st.integers(0, 9),
    st.integers(0, 9),
    st.lists(METAS, max_size=2).map(tuple),
    st.lists(METAS, max_size=2).map(tuple),
    st.lists(st.none() | STATS, max_size=2).map(tuple),
    st.none() | FLOATS,
    st.sampled_from(["done", "failed"]),
    st.none() | st.text(max_size=3),
    st.none() | INT64,
    st.none() | st.booleans(),
    st.lists(st.builds(PlainValue, st.text(max_size=2), st.text(max_size=2)), max_size=2).map(tuple),
)


def a_column(hint: Any) -> Any:
    return columns(
        lambda kind: None if kind in (int, str, bool) else to_plain,
        lambda kind: None if kind in (int, str, bool) else lambda plain: from_plain(kind, plain),
    )(hint)


def crossed(hint: Any, values: list[Any]) -> list[Any]:
    """Written, spelled out as JSON, and read again."""
    column = a_column(hint)
    found: list[Any] = column.values(json.loads(json.dumps(column.written(values))), len(values))
    return found


def size(hint: Any, values: list[Any]) -> int:
    return len(json.dumps(a_column(hint).written(values)))


@pytest.mark.parametrize(
    ("hint", "each"),
    [
        (int, INT64),
        (int, st.integers()),
        (float, FLOATS),
        (Optional[int], st.none() | st.integers(0, 300)),
        (Optional[float], st.none() | FLOATS),
        (str, st.text(max_size=4)),
        (Optional[str], st.none() | st.text(max_size=2)),
        (Optional[bool], st.none() | st.booleans()),
        (tuple[int, ...], st.lists(INT64, max_size=3).map(tuple)),
        (Optional[tuple[int, ...]], st.none() | st.lists(INT64, max_size=3).map(tuple)),
        (Optional[tuple[int, ...]], st.none() | COUNTS),
        (Optional[tuple[int, ...]], st.none() | COUNTS | st.lists(INT64, max_size=3).map(tuple)),
        (tuple[str, ...], st.lists(st.text(max_size=2), max_size=3).map(tuple)),
        (TensorMeta, METAS),
        (Optional[TensorStats], st.none() | STATS),
        (tuple[Optional[TensorStats], ...], st.lists(st.none() | STATS, max_size=2).map(tuple)),
        (LayerCall, CALLS),
    ],
)
@settings(max_examples=30)
@given(data=st.data())
def test_that_a_column_is_read_as_it_was_written(hint: Any, each: Any, data: Any) -> None:
    values = data.draw(st.lists(each, min_size=1, max_size=12))
    values += data.draw(st.lists(st.sampled_from(values), max_size=12))  # some are the same object
    assert crossed(hint, values) == values


def test_that_numbers_that_are_none_are_what_they_were() -> None:
    found = crossed(float, [math.nan, math.inf, -math.inf, -0.0, 0.0])
    assert [repr(each) for each in found] == ["nan", "inf", "-inf", "-0.0", "0.0"]
    assert [repr(each) for each in crossed(Optional[float], [math.nan, None, -0.0])] == ["nan", "None", "-0.0"]


@pytest.mark.parametrize(("largest", "most_bytes"), [(255, 1), (65_535, 2), (2**32 - 1, 4), (2**63 - 1, 8)])
def test_that_integers_take_no_more_room_than_they_need(largest: int, most_bytes: int) -> None:
    values = [largest - number % 2 for number in range(COUNT)]
    assert crossed(int, values) == values
    assert size(int, values) < COUNT * most_bytes * 4 / 3 + 20


def test_that_a_column_in_which_all_is_equal_is_one_value() -> None:
    assert a_column(int).written([7] * COUNT) == [7]
    assert a_column(str).written(["Linear"] * COUNT) == ["Linear"]
    assert size(tuple[int, ...], [()] * COUNT) < 60
    assert crossed(tuple[int, ...], [()] * COUNT) == [()] * COUNT


def test_that_few_different_objects_are_written_once_and_read_as_one() -> None:
    one, other = (TensorMeta((8, 8), "float32"),), (TensorMeta((8, 1), "float32"),)
    values = [one, other] * (COUNT // 2)
    assert size(tuple[TensorMeta, ...], values) < 2 * COUNT
    found = crossed(tuple[TensorMeta, ...], values)
    assert found == values
    assert found[0] is found[2]


def test_that_a_dataclass_may_hold_others_of_its_kind() -> None:
    values = [Tree("a", (Tree("b"), Tree("c", (Tree("d"),)))), Tree("e")]
    assert crossed(Tree, values) == values


@dataclasses.dataclass(frozen=True)
class Tree:
    """A name, and what grows from it."""

    name: str
    parts: "tuple[Tree, ...]" = ()


@pytest.mark.parametrize(
    ("hint", "plain"),
    [
        (int, {"u1": "AAAA"}),  # three, and two are wanted
        (int, {"u1": "not base64"}),
        (int, {"i8": "AAAA"}),
        (int, {"f8": "AAAA"}),
        (int, {}),
        (int, {"u1": "AAA=", "u2": "AAA="}),
        (int, [1, 2, 3]),
        (int, 3),
        (int, None),
        (Optional[str], {"there": [1, 1], "of": ["a", "b", "c"]}),
        (Optional[str], {"there": [1]}),
        (Optional[str], {"there": 3}),
        (tuple[int, ...], {"long": [-1, 2], "of": [1]}),
        (tuple[int, ...], {"long": [10**12, 2], "of": [1]}),
        (tuple[int, ...], {"at": [0, 3], "of": [1, {"long": [0], "of": []}]}),
        (tuple[int, ...], {"at": [0, -1], "of": [1, {"long": [0], "of": []}]}),
        (tuple[int, ...], {"at": [0, 0], "of": [10**12, {"long": [0], "of": []}]}),
        (tuple[int, ...], [1, 2]),
        (Tree, [2, ["a", "b"]]),
        (Tree, [10**12, ["a"], {"long": [0], "of": []}]),
        (Tree, [0, ["a"], {"long": [0], "of": []}]),
        (Tree, [1, ["a"], {"long": [0], "of": []}]),
        (Tree, {"at": [0, 0]}),
        (Tree, "ab"),
    ],
)
def test_that_what_was_never_written_is_an_error_and_takes_no_room(hint: Any, plain: Any) -> None:
    with pytest.raises((ValueError, TypeError, IndexError, KeyError, AttributeError)):
        a_column(hint).values(plain, 2)
