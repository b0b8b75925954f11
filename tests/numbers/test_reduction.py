"""Matrices of any size as pictures."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torchloupe.numbers.reduction import FURTHEST, INF_CODE, MEAN, NAN_CODE, REACH, ZERO, codes_of, picture_of, robust_limit
from torchloupe.wire.values import Picture


def picture(matrix: np.ndarray, how: str = MEAN, most: int = 512, chunk: int = 7) -> Picture:
    """The picture of a matrix whose values come in chunks that know nothing of its rows."""
    flat = matrix.reshape(-1)
    chunks = (flat[at : at + chunk] for at in range(0, flat.size, chunk))
    return picture_of(chunks, *matrix.shape, how, most)


def cells(made: Picture) -> np.ndarray:
    return np.frombuffer(made.cells).reshape(made.height, made.width)


def codes(made: Picture) -> np.ndarray:
    return np.frombuffer(made.codes, np.uint8).reshape(made.height, made.width)


def blocks(matrix: np.ndarray, rows: int, columns: int) -> list[list[np.ndarray]]:
    """The blocks of a matrix, the slow way."""
    return [
        [matrix[top : top + rows, left : left + columns] for left in range(0, matrix.shape[1], columns)]
        for top in range(0, matrix.shape[0], rows)
    ]


def test_that_a_small_matrix_is_drawn_value_by_value() -> None:
    matrix = np.arange(-6.0, 6.0).reshape(3, 4)
    made = picture(matrix)
    assert (made.rows, made.columns, made.height, made.width) == (3, 4, 3, 4)
    assert (made.block_rows, made.block_columns) == (1, 1)
    assert cells(made).tolist() == matrix.tolist()
    assert (made.low, made.high, made.nan, made.inf) == (-6, 5, 0, 0)
    assert made.value_at(2, 1) == 3


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 23),
    columns=st.integers(1, 23),
    most=st.integers(1, 9),
    chunk=st.integers(1, 600),
    seed=st.integers(0, 99),
)
def test_that_every_cell_is_the_mean_of_its_block(rows: int, columns: int, most: int, chunk: int, seed: int) -> None:
    matrix = np.random.default_rng(seed).normal(size=(rows, columns))
    made = picture(matrix, MEAN, most, chunk)
    assert max(made.height, made.width) <= most
    slow = [[block.mean() for block in row] for row in blocks(matrix, made.block_rows, made.block_columns)]
    assert np.allclose(cells(made), slow)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 23),
    columns=st.integers(1, 23),
    most=st.integers(1, 9),
    chunk=st.integers(1, 600),
    seed=st.integers(0, 99),
)
def test_that_every_cell_can_be_the_value_furthest_from_zero(rows: int, columns: int, most: int, chunk: int, seed: int) -> None:
    matrix = np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)
    made = picture(matrix, FURTHEST, most, chunk)
    slow = [[max(block.flat, key=abs) for block in row] for row in blocks(matrix, made.block_rows, made.block_columns)]
    assert cells(made).tolist() == np.asarray(slow, np.float64).tolist()


@pytest.mark.parametrize("how", [MEAN, FURTHEST])
@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_that_nan_and_inf_are_marked_counted_and_left_out(how: str, chunk: int) -> None:
    matrix = np.ones((4, 6))
    matrix[0, 0], matrix[1, 1], matrix[2, 2], matrix[3, 5] = np.nan, np.nan, np.inf, -np.inf
    made = picture(matrix, how, 3, chunk)
    assert (made.block_rows, made.block_columns) == (2, 2)
    assert (made.nan, made.inf, made.low, made.high) == (2, 2, 1, 1)
    assert codes(made).tolist() == [[NAN_CODE, ZERO + REACH, ZERO + REACH], [ZERO + REACH, INF_CODE, INF_CODE]]
    assert (cells(made) == 1).all()


def test_that_a_cell_with_both_is_marked_as_nan() -> None:
    assert codes(picture(np.array([[np.nan, np.inf]]), most=1)).tolist() == [[NAN_CODE]]


@pytest.mark.parametrize("how", [MEAN, FURTHEST])
def test_that_a_matrix_without_finite_values_has_no_range(how: str) -> None:
    made = picture(np.full((2, 2), np.nan), how)
    assert (made.low, made.high, made.nan, made.limit) == (None, None, 4, 1.0)
    assert np.isnan(cells(made)).all()


def test_that_a_vector_of_a_million_is_512_cells() -> None:
    vector = np.arange(1_000_000, dtype=np.float32)[None]
    made = picture(vector, chunk=1 << 16)
    assert (made.height, made.width, made.block_columns) == (1, 512, 1954)
    assert cells(made)[0, 1] == pytest.approx(vector[0, 1954:3908].mean())
    assert (made.low, made.high) == (0, 999_999)


def test_that_sums_of_large_float32_values_do_not_overflow() -> None:
    made = picture(np.full((1, 4), 3e38, np.float32), most=1)
    assert made.value_at(0, 0) == pytest.approx(3e38, rel=1e-6)


def test_that_one_outlier_does_not_take_the_colours_of_all_others() -> None:
    matrix = np.full((20, 20), 0.1)
    matrix[3, 3] = -1000
    made = picture(matrix)
    assert made.limit == pytest.approx(0.1)
    assert codes(made)[3, 3] == ZERO - REACH
    assert codes(made)[0, 0] == ZERO + REACH


@pytest.mark.parametrize(
    ("values", "limit"),
    [([0.0, 0.0], 1.0), ([], 1.0), ([np.nan, np.inf], 1.0), ([-2.0, 2.0], 2.0), ([0.0] * 999 + [7.0], 7.0), ([np.nan, 3.0], 3.0)],
)
def test_that_the_limit_is_positive_and_robust(values: list[float], limit: float) -> None:
    assert robust_limit(np.array(values)) == limit


def test_that_codes_are_even_around_zero() -> None:
    values = np.array([-9.0, -1.0, -0.5, 0.0, 0.5, 1.0, 9.0])
    none = np.zeros(7, bool)
    assert list(codes_of(values, 1.0, none, none)) == [1, 1, 64, 127, 190, 253, 253]


def test_that_one_value_far_beyond_tiny_ones_has_the_last_colour() -> None:
    values = np.full((100, 100), 1e-310)
    values[0, 0] = 1.0
    assert picture_of([values.reshape(-1)], 100, 100).codes[0] == ZERO + REACH
