"""Filters of a convolution as images."""

from collections.abc import Iterator

import numpy as np
import pytest

from torchloupe.numbers import filters
from torchloupe.numbers.filters import filter_norms, gray_tiles, rgb_tiles, shown_order
from torchloupe.numbers.reduction import INF_CODE, NAN_CODE, ZERO


def in_chunks(values: np.ndarray, chunk: int = 5) -> Iterator[np.ndarray]:
    flat = values.reshape(-1)
    return (flat[at : at + chunk] for at in range(0, flat.size, chunk))


@pytest.mark.parametrize("chunk", [1, 5, 18, 27, 1000])
def test_that_norms_are_those_of_whole_filters_however_the_values_come(chunk: int) -> None:
    kernel = np.random.default_rng(1).normal(size=(6, 2, 3, 3)).astype(np.float32)
    norms = filter_norms(in_chunks(kernel, chunk), 6, 18)
    assert np.allclose(norms, np.linalg.norm(kernel.reshape(6, 18), axis=1))


def test_that_a_norm_is_over_the_finite_values() -> None:
    assert filter_norms(in_chunks(np.array([[3.0, np.nan], [4.0, np.inf]])), 2, 2).tolist() == [3, 4]


def test_that_filters_are_ordered_by_number_or_by_norm() -> None:
    norms = np.array([1.0, 3.0, 2.0, 3.0])
    assert shown_order(norms, False, 0, 3) == (0, 1, 2)
    assert shown_order(norms, True, 0, 3) == (1, 3, 2)
    assert shown_order(norms, True, 3, 3) == (0,)
    assert shown_order(norms, False, 9, 3) == ()


def test_that_one_channel_is_drawn_on_one_scale_for_all_filters() -> None:
    planes = np.array([[[1.0, -1.0]], [[0.0, 0.5]], [[1.0, 1.0]]])
    tiles = gray_tiles(in_chunks(planes), (2, 1), np.array([7.0, 8.0, 9.0]), (1, 2))
    assert (tiles.count, tiles.height, tiles.width, tiles.is_rgb) == (3, 1, 2, False)
    assert (tiles.numbers, tiles.norms, tiles.limit) == ((2, 1), (9.0, 8.0), 1.0)
    assert [list(image) for image in tiles.images] == [[253, 253], [ZERO, 190]]


def test_that_the_scale_is_the_same_on_every_page() -> None:
    planes = np.linspace(-1, 1, 40).reshape(10, 2, 2)
    pages = [gray_tiles(in_chunks(planes), numbers, np.zeros(10), (2, 2)) for numbers in ((0, 1), (5, 6))]
    assert pages[0].limit == pages[1].limit


def test_that_nan_and_inf_of_a_page_are_marked_and_counted() -> None:
    planes = np.array([[[np.nan, np.inf]], [[np.nan, 1.0]]])
    tiles = gray_tiles(in_chunks(planes), (0,), np.zeros(2), (1, 2))
    assert (list(tiles.images[0]), tiles.nan, tiles.inf) == ([NAN_CODE, INF_CODE], 1, 1)


def test_that_three_channels_become_the_colours_of_a_pixel() -> None:
    kernel = np.array([[[[0.0, 1.0]], [[0.5, 0.0]], [[1.0, 1.0]]]])
    tiles = rgb_tiles(in_chunks(kernel), (0,), np.array([2.0]), (1, 2))
    assert tiles.is_rgb
    assert list(tiles.images[0]) == [0, 128, 255, 255, 0, 255]


def test_that_every_filter_is_stretched_to_its_own_range() -> None:
    kernel = np.stack([np.arange(12.0).reshape(3, 2, 2), np.arange(12.0).reshape(3, 2, 2) * 100 - 7, np.full((3, 2, 2), 4.0)])
    first, second, constant = rgb_tiles(in_chunks(kernel), (0, 1, 2), np.zeros(3), (2, 2)).images
    assert first == second
    assert set(constant) == {0}


def test_that_what_is_not_finite_is_black_and_counted_among_colours() -> None:
    kernel = np.array([[[[np.nan]], [[1.0]], [[np.inf]]]])
    tiles = rgb_tiles(in_chunks(kernel), (0,), np.zeros(1), (1, 1))
    assert (list(tiles.images[0]), tiles.nan, tiles.inf) == ([0, 255, 0], 1, 1)


@pytest.mark.parametrize("chunk", [1, 7, 12, 50, 1000])
def test_that_the_chosen_filters_are_found_however_the_values_come(chunk: int) -> None:
    kernel = np.random.default_rng(2).normal(size=(9, 3, 2, 2)).astype(np.float32)
    chosen = rgb_tiles(in_chunks(kernel, chunk), (8, 0, 4), np.zeros(9), (2, 2))
    alone = [rgb_tiles(in_chunks(kernel[number]), (0,), np.zeros(1), (2, 2)).images[0] for number in (8, 0, 4)]
    assert list(chosen.images) == alone


def test_that_of_very_many_values_only_a_sample_and_the_page_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "SAMPLE", 100)
    planes = np.linspace(-1, 1, 4000).reshape(1000, 2, 2)
    shown, sample = filters._chosen(in_chunks(planes, 33), (999, 3), 1000, 4)
    assert shown.tolist() == planes.reshape(1000, 4)[[999, 3]].tolist()
    assert sample.tolist() == planes.reshape(-1)[::40].tolist()
