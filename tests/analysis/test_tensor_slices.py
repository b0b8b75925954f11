"""Finding a tensor by its name, and what an index means."""

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.analysis.state_dict_diff import KeyEntry, state_dict_diff
from torchloupe.analysis.tensor_slices import corner, find_tensor, sliced
from torchloupe.analysis.value_pairs import ranked, value_pairs
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.errors import UsageError
from torchloupe.wire.values import ComparedValues, TensorDifference


def row(key: str, container: str = "", shape: tuple[int, ...] = (2, 3)) -> StoredTensor:
    strides = tuple(int(numpy.prod(shape[axis + 1 :])) for axis in range(len(shape)))
    return StoredTensor(key, shape, "float32", 24, container, stored_at="data/0", strides=strides)


def contents(*rows: StoredTensor) -> CheckpointContents:
    return CheckpointContents("a.pt", "torch zip", 0, 0, rows)


def test_that_a_key_is_found_in_the_model_before_anywhere_else() -> None:
    found = contents(row("fc.weight", "ema"), row("fc.weight", "model"), row("exp_avg", "optimizer"))
    assert find_tensor(found, "fc.weight").container == "model"
    assert find_tensor(found, "ema.fc.weight").container == "ema"
    assert find_tensor(found, "exp_avg").container == "optimizer"


def test_that_an_unknown_key_is_answered_with_the_closest() -> None:
    with pytest.raises(UsageError, match=r"no tensor fc\.wieght") as raised:
        find_tensor(contents(row("fc.weight")), "fc.wieght")
    assert raised.value.hint == "Did you mean fc.weight?"


def test_that_a_key_of_several_places_that_are_no_model_names_them() -> None:
    with pytest.raises(UsageError, match="2 tensors have the key") as raised:
        find_tensor(contents(row("w", "model"), row("x", "a.optim"), row("x", "b.optim")), "x")
    assert "a.optim.x" in raised.value.hint


INDEXES = ["", "...", "0", "-1", "1:", "::2", "0, 1", "..., -1", ":, 1:3, 0", "[1, 2]", "1,", " 1 , ... , 2 ", "3:1", "-2:, :-1"]


@pytest.mark.parametrize("text", INDEXES)
def test_that_an_index_means_what_numpy_makes_of_it(text: str) -> None:
    array = numpy.arange(4 * 5 * 6).reshape(4, 5, 6)
    view = sliced(row("w", shape=(4, 5, 6)), text)
    bare = text.strip().strip("[]")
    expected = eval(f"array[{bare or '...'}]", {"array": array})
    steps = [stride * array.itemsize for stride in view.strides]
    found = numpy.lib.stride_tricks.as_strided(array.reshape(-1)[view.offset :], view.shape, steps)
    assert numpy.array_equal(found, expected)


@given(st.lists(st.tuples(st.integers(-7, 7), st.integers(-7, 7), st.integers(1, 4)), min_size=1, max_size=3))
def test_that_any_ranges_mean_what_numpy_makes_of_them(ranges: list[tuple[int, int, int]]) -> None:
    array = numpy.arange(4 * 5 * 6).reshape(4, 5, 6)
    view = sliced(row("w", shape=(4, 5, 6)), ", ".join(f"{begin}:{end}:{step}" for begin, end, step in ranges))
    expected = array[tuple(slice(*each) for each in ranges)]
    assert view.shape == expected.shape
    if expected.size:
        assert view.offset == int(expected.flat[0])
        last = view.offset + sum((length - 1) * stride for length, stride in zip(view.shape, view.strides, strict=True))
        assert last == int(expected.flat[-1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("4", "outside a dimension of 4"),
        ("-5", "outside"),
        ("0, 0, 0, 0", "too many parts"),
        ("..., 0, ...", "too many parts"),
        ("x", "no whole number"),
        ("1.5", "no whole number"),
        ("::-1", "goes backwards"),
        ("::0", "goes backwards"),
        ("1:2:3:4", "no range"),
        ("1:x", "no whole number"),
    ],
)
def test_that_an_index_that_means_nothing_is_one_sentence(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        sliced(row("w", shape=(4, 5, 6)), text)


def test_that_a_tensor_without_a_place_has_no_slices() -> None:
    with pytest.raises(UsageError, match="one block"):
        sliced(StoredTensor("w", (3,), "float32", 12), "0")


@pytest.mark.parametrize(
    ("shape", "index"),
    [((), ""), ((3,), ":3"), ((100,), ":8"), ((2, 100), ":2, :8"), ((64, 3, 7, 7), "0, 0, :7, :7"), ((0, 4), ":0, :4")],
)
def test_that_a_corner_is_the_first_rows_and_columns(shape: tuple[int, ...], index: str) -> None:
    assert corner(shape, 8, 8) == index
    assert 0 in shape or sliced(row("w", shape=shape), index).shape == shape[-2:] or 100 in shape


# pairs and their order


def test_that_pairs_are_those_of_the_same_shape_with_transposed_ones_turned() -> None:
    here = contents(row("a"), row("b", shape=(2, 5)), row("gone"))
    there = contents(row("a"), row("b", shape=(5, 2)), row("new", shape=(7,)))
    keys = [[KeyEntry(each.key, each.shape, each.dtype) for each in side.tensors] for side in (here, there)]
    pairs = {one.key: other for one, other in value_pairs(state_dict_diff(*keys), here, "", there, "")}
    assert pairs.keys() == {"a", "b"}
    assert (pairs["b"].shape, pairs["b"].strides) == ((2, 5), (1, 2))


def test_that_the_furthest_moved_comes_first_and_the_unmoved_not_at_all() -> None:
    def moved(key: str, norm: float, expected: float = 1.0, nan: int = 0) -> ComparedValues:
        return ComparedValues(key, key, TensorDifference(9, 1 if norm else 0, nan, 0, norm, norm, expected, 1.0))

    rows = [moved("some", 0.1), moved("none", 0.0), moved("more", 0.2), moved("nan", 0.01, nan=1), moved("from zero", 0.1, 0.0)]
    rows.append(ComparedValues("odd", "odd", reason="Sparse."))
    assert [each.expected for each, _ in ranked(rows)] == ["from zero", "nan", "more", "some"]
