"""Maps of an activation as small images, and chunks as a file."""

from pathlib import Path

import numpy as np
import pytest

from torchloupe.numbers.maps import OWN, RANGE, SHARED, map_tiles, picture_tiles
from torchloupe.numbers.npy_file import save_chunks
from torchloupe.numbers.reduction import INF_CODE, NAN_CODE, REACH, ZERO
from torchloupe.wire.errors import TorchloupeError, UsageError

MAPS = np.array([[[0.0, 1.0], [-1.0, 0.5]], [[0.0, 100.0], [-50.0, 0.0]]], dtype=np.float32)


def codes(image: bytes) -> list[int]:
    return list(image)


def test_that_maps_share_one_scale_around_zero() -> None:
    tiles = map_tiles(MAPS, (4, 5), 64)
    assert (tiles.count, tiles.numbers, tiles.height, tiles.width, tiles.is_rgb) == (64, (4, 5), 2, 2, False)
    assert tiles.limit == pytest.approx(100, rel=0.1)
    assert codes(tiles.images[1])[1] == ZERO + REACH
    assert abs(codes(tiles.images[0])[1] - ZERO) <= 2


def test_that_each_map_can_have_its_own_scale() -> None:
    tiles = map_tiles(MAPS, (4, 5), 64, OWN)
    assert tiles.limit == 0
    assert [codes(image)[1] for image in tiles.images] == [ZERO + REACH] * 2
    assert codes(tiles.images[0])[2] <= ZERO - REACH + 6


def test_that_values_far_from_zero_can_be_told_apart_over_their_own_range() -> None:
    close = np.array([[[10.0, 10.5], [11.0, np.nan]]])
    assert codes(map_tiles(close, (0,), 1, OWN).images[0])[0] > ZERO + REACH - 20
    assert codes(map_tiles(close, (0,), 1, RANGE).images[0]) == [ZERO, ZERO + REACH // 2, ZERO + REACH, NAN_CODE]


def test_that_norms_are_of_the_finite_values() -> None:
    bad = np.array([[[3.0, np.nan], [np.inf, 4.0]]])
    tiles = map_tiles(bad, (0,), 1)
    assert (tiles.norms, tiles.nan, tiles.inf) == ((5.0,), 1, 1)
    assert codes(tiles.images[0])[1:3] == [NAN_CODE, INF_CODE]


def test_that_a_map_of_zeros_and_one_without_finite_values_are_drawn() -> None:
    for scale in (SHARED, OWN, RANGE):
        tiles = map_tiles(np.zeros((1, 2, 2)), (0,), 1, scale)
        assert set(codes(tiles.images[0])) == {ZERO}
        nothing = map_tiles(np.full((1, 2, 2), np.nan), (0,), 1, scale)
        assert set(codes(nothing.images[0])) == {NAN_CODE}


def test_that_pictures_are_colours_stretched_to_their_own_range() -> None:
    picture = np.zeros((2, 3, 1, 2))
    picture[0, 0, 0, 1], picture[0, 2, 0, 0] = 2.0, -2.0
    tiles = picture_tiles(picture, (0, 1), 8)
    assert (tiles.is_rgb, tiles.count, tiles.numbers) == (True, 8, (0, 1))
    assert codes(tiles.images[0]) == [128, 128, 0, 255, 128, 128]
    assert codes(tiles.images[1]) == [0] * 6


def test_that_one_channel_is_gray_and_what_is_not_finite_is_zero() -> None:
    picture = np.array([[[[-1.0, 1.0, np.nan, np.inf]]]])
    tiles = picture_tiles(picture, (0,), 1)
    assert codes(tiles.images[0]) == [0, 0, 0, 255, 255, 255, 128, 128, 128, 128, 128, 128]
    assert (tiles.nan, tiles.inf) == (1, 1)


def test_that_chunks_become_a_file_that_numpy_reads(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    raw = values.tobytes()
    said = save_chunks((memoryview(raw[at : at + 20]) for at in range(0, len(raw), 20)), "float32", (3, 4), tmp_path / "a.npy")
    assert said == "float32"
    assert np.array_equal(np.load(tmp_path / "a.npy"), values)


def test_that_a_type_that_numpy_has_not_is_saved_as_float32_and_nothing_is_replaced(tmp_path: Path) -> None:
    goal = tmp_path / "a.npy"
    assert save_chunks([memoryview(b"\x80\x3f\x00\x40")], "bfloat16", (2,), goal) == "float32"
    assert np.load(goal).tolist() == [1.0, 2.0]
    with pytest.raises(UsageError, match="exists"):
        save_chunks([], "float32", (0,), goal)
    assert np.load(goal).tolist() == [1.0, 2.0]


def test_that_a_reader_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def broken() -> "list[memoryview]":
        raise TorchloupeError("The worker was killed.")

    with pytest.raises(TorchloupeError, match="killed"):
        save_chunks((chunk for chunk in broken()), "float32", (2,), tmp_path / "a.npy")
    assert list(tmp_path.iterdir()) == []
