"""Singular values of stored matrices."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from checkpoints.saved_state import by_key, saved
from torchloupe.checkpoints.values import open_values
from torchloupe.numbers.singular_values import matrix_shape, singular_values, singular_values_of
from torchloupe.wire.errors import CheckpointError, UnsupportedFormat
from torchloupe.wire.values import SingularValues


def in_chunks(matrix: np.ndarray, chunk: int) -> Iterator[np.ndarray]:
    flat = matrix.reshape(-1)
    return (flat[at : at + chunk] for at in range(0, flat.size, chunk))


@pytest.mark.parametrize("shape", [(5, 5), (3, 40), (40, 3), (41, 10), (400, 7), (1, 6), (6, 1), (57, 2)])
@pytest.mark.parametrize("chunk", [1, 11, 1000])
def test_that_they_are_those_of_numpy_however_the_values_come(shape: tuple[int, int], chunk: int) -> None:
    matrix = np.random.default_rng(3).normal(size=shape)
    found = singular_values(in_chunks(matrix, chunk), shape)
    assert (found.rows, found.columns) == shape
    assert np.allclose(found.values, np.linalg.svd(matrix, compute_uv=False))


def test_that_small_singular_values_of_a_tall_matrix_are_not_lost() -> None:
    left = np.linalg.qr(np.random.default_rng(0).normal(size=(500, 4))).Q
    wanted = [1.0, 1e-3, 1e-6, 1e-11]
    found = singular_values(in_chunks(left * wanted, 64), (500, 4))
    assert np.allclose(found.values, wanted, rtol=1e-4, atol=0)


def test_that_a_kernel_is_a_matrix_of_its_first_dimension_and_the_rest(tmp_path: Path) -> None:
    kernel = torch.randn(8, 3, 5, 5, dtype=torch.bfloat16)
    contents = saved(tmp_path / "a.pt", {"kernel": kernel.transpose(2, 3), "waves": torch.ones(2, 2, dtype=torch.complex64)})
    told: list[tuple[int, int]] = []
    with open_values(contents) as values:
        rows = by_key(contents)
        found = singular_values_of(values, rows["kernel"], lambda done, total, _what: told.append((done, total)))
        with pytest.raises(UnsupportedFormat, match="complex"):
            singular_values_of(values, rows["waves"])
    assert (found.rows, found.columns) == (8, 75)
    matrix = kernel.transpose(2, 3).reshape(8, 75).double()
    assert np.allclose(found.values, torch.linalg.svdvals(matrix).numpy())
    assert told[0] == (0, 1200)
    assert told[-1] == (1200, 1200)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_that_a_matrix_that_is_not_finite_has_none(bad: float) -> None:
    matrix = np.ones((3, 3))
    matrix[1, 1] = bad
    with pytest.raises(UnsupportedFormat, match="NaN or Inf"):
        singular_values(in_chunks(matrix, 2), (3, 3))


@pytest.mark.parametrize("shape", [(), (5,), (0, 4), (4, 0)])
def test_that_what_is_no_matrix_has_none(shape: tuple[int, ...]) -> None:
    with pytest.raises(CheckpointError, match="two or more dimensions"):
        matrix_shape(shape)


@pytest.mark.parametrize("shape", [(8192, 8192), (1 << 26, 64), (5000, 5000, 3)])
def test_that_what_would_take_too_long_is_refused_before_anything_is_read(shape: tuple[int, ...]) -> None:
    with pytest.raises(CheckpointError, match="would take minutes"):
        matrix_shape(shape)


@pytest.mark.parametrize("shape", [(4096, 4096), (50257, 768), (768, 3072), (1 << 22, 64)])
def test_that_usual_weights_are_not_refused(shape: tuple[int, ...]) -> None:
    assert matrix_shape(shape) == shape


@pytest.mark.parametrize(
    ("values", "condition", "rank", "half", "all_of_it"),
    [
        ((2.0, 2.0, 2.0, 2.0), 1.0, 4.0, 2, 4),
        ((5.0, 0.0, 0.0), None, 1.0, 1, 1),
        ((0.0, 0.0), None, 0.0, 0, 0),
        ((4.0, 3.0), 4 / 3, 1.9795, 1, 2),
    ],
)
def test_that_they_say_condition_rank_and_energy(
    values: tuple[float, ...], condition: float | None, rank: float, half: int, all_of_it: int
) -> None:
    found = SingularValues(len(values), len(values), values)
    assert found.condition == (None if condition is None else pytest.approx(condition))
    assert found.effective_rank == pytest.approx(rank, abs=1e-3)
    assert (found.needed_for(0.5), found.needed_for(1.0)) == (half, all_of_it)


def test_that_energies_of_tiny_values_do_not_vanish() -> None:
    assert SingularValues(2, 2, (1e-200, 1e-200)).needed_for(0.9) == 2
