"""Which part of a tensor a view shows."""

import numpy as np
import pytest

from torchloupe.gui.tensor.plane import Plane, first_index, plane_of, stepped
from torchloupe.wire.errors import UsageError

SHAPE = (3, 4, 50, 300)


def value(tensor: np.ndarray, place: str) -> object:
    """What indexing with a written place gives."""
    return eval(f"tensor{place}" if place != "[]" else "tensor[()]", {"tensor": tensor})


@pytest.mark.parametrize(
    ("shape", "index"), [((), ""), ((7,), ":"), ((7, 8), ":, :"), ((5, 7, 8), "0, :, :"), (SHAPE, "0, 0, :, :")]
)
def test_that_at_first_the_last_two_dimensions_are_shown(shape: tuple[int, ...], index: str) -> None:
    assert first_index(shape) == index
    plane = plane_of(shape, index)
    assert (plane.height, plane.width) == (1, 1, *shape)[-2:]


@pytest.mark.parametrize(
    ("text", "size", "index"),
    [
        ("1, 2", (50, 300), "1, 2, 0:50, 0:300"),
        ("1, :, 2, :", (4, 300), "1, 0:4, 2, 0:300"),
        ("..., 3", (0, 0), ""),
        ("0, 0, 5, 10:20", (1, 10), "0, 0, 5, 10:20"),
        ("0, 0, ::10, 1:9:3", (5, 3), "0, 0, 0:41:10, 1:8:3"),
        ("-1, -1, -1, -1", (1, 1), "2, 3, 49, 299"),
        ("[0, 0, 3:3, :]", (0, 300), "0, 0, 3:3, 0:300"),
    ],
)
def test_that_an_index_of_two_dimensions_is_a_plane(text: str, size: tuple[int, int], index: str) -> None:
    if not index:
        with pytest.raises(UsageError, match="This leaves 3 dimensions; two are shown"):
            plane_of(SHAPE, text)
        return
    plane = plane_of(SHAPE, text)
    assert ((plane.height, plane.width), plane.index) == (size, index)
    assert plane_of(SHAPE, plane.index).index == index


@pytest.mark.parametrize("text", ["x", "3", "0, 0, 0, 0, 0", "::-1", "0:1:2:3", "1.5"])
def test_that_what_means_nothing_is_said_with_the_reason(text: str) -> None:
    with pytest.raises(UsageError) as error:
        plane_of(SHAPE, text)
    assert str(error.value)
    assert error.value.hint


@pytest.mark.parametrize("index", ["1, 2, 5:50:7, 3:9", "1, :, 4, ::50", "2, 1, 7, 100:110", "0, :, 3, 7", "1, 1, 1, 1"])
@pytest.mark.parametrize("stands", [False, True])
def test_that_a_place_is_the_index_of_the_value_that_is_shown_there(index: str, stands: bool) -> None:
    tensor = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    part = eval(f"tensor[{index}]", {"tensor": tensor})
    plane = plane_of(SHAPE, index)
    plane = plane.standing() if stands else plane
    shown = part.reshape(plane.height, plane.width)
    for row in (0, plane.height - 1):
        for column in (0, plane.width - 1):
            assert value(tensor, plane.place(row, column)) == shown[row, column]


def test_that_a_vector_lies_or_stands() -> None:
    plane = plane_of((9,), ":")
    assert (plane.height, plane.width) == (1, 9)
    assert (plane.standing().height, plane.standing().width) == (9, 1)
    matrix = plane_of((9, 2), ":, :")
    assert matrix.standing() == matrix
    assert plane_of((), "").standing().height == 1


@pytest.mark.parametrize(
    ("index", "dimensions"),
    [("0, 1, :, :", (2, 3)), (":, 1, :, 2", (0, 2)), ("0, 0, 0, :", (None, 3)), ("0, 0, 0, 0", (None, None))],
)
def test_that_a_plane_says_which_dimensions_it_lies_in(index: str, dimensions: tuple[int | None, int | None]) -> None:
    plane = plane_of(SHAPE, index)
    assert plane.dimensions == dimensions
    stands = plane.standing().dimensions
    assert stands == (dimensions[::-1] if None in dimensions else dimensions)


def test_that_a_large_plane_is_cut_and_says_so() -> None:
    plane = plane_of(SHAPE, "0, 0, :, 50:")
    cut = plane.cut(200)
    assert (cut.index, cut.cut_sentence(200)) == ("0, 0, 0:50, 50:250", "")
    said = "The first 200 of each are shown of 50 rows and 250 columns. Write a range to see others."
    assert plane.cut_sentence(200) == said


def test_that_a_long_vector_says_how_many_values_are_shown() -> None:
    plane = plane_of((5000,), "::2").standing()
    assert plane.cut_sentence(2000).startswith("The first 2,000 of 2,500 values are shown.")
    cut = plane.cut(2000)
    assert (cut.height, cut.stands, cut.index) == (2000, True, "0:3999:2")


def test_that_rows_and_columns_keep_their_numbers() -> None:
    plane: Plane = plane_of(SHAPE, "0, 0, 10:20:3, 7:")
    assert (plane.rows.begin, plane.rows.step, plane.rows.count) == (10, 3, 4)
    assert (plane.columns.begin, plane.columns.step, plane.columns.count) == (7, 1, 293)


@pytest.mark.parametrize(
    ("text", "dimension", "number", "stepped_to"),
    [
        ("0, 0, :, 5:9", 0, 2, "2, 0, :, 5:9"),
        ("0, 0, :, 5:9", 1, 3, "0, 3, :, 5:9"),
        ("1, ...", 1, 3, "1, 3, 0:50, 0:300"),
        ("1", 0, 2, "2, 0:4, 0:50, 0:300"),
        ("nonsense", 0, 2, "2, 0, :, :"),
        (":, 2, 3, :", 0, 1, "1, 2, 3, :"),
    ],
)
def test_that_a_stepper_changes_one_number_and_leaves_the_rest(text: str, dimension: int, number: int, stepped_to: str) -> None:
    assert stepped(SHAPE, text, dimension, number) == stepped_to
