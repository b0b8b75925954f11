"""How a picture is laid out, and what is said of its cells."""

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint

from torchloupe.gui.tensor.filter_canvas import FilterCanvas
from torchloupe.gui.tensor.filter_grid import tiles_sentence
from torchloupe.gui.tensor.heat_map import FURTHEST, MEAN, cell_text, picture_sentence
from torchloupe.gui.tensor.picture_canvas import LARGEST, PictureCanvas
from torchloupe.gui.tensor.plane import plane_of
from torchloupe.gui.theme import em
from torchloupe.numbers.reduction import picture_of
from torchloupe.wire.values import FilterTiles, Picture


def picture(matrix: Any, most: int = 512, how: str = MEAN) -> Picture:
    values = np.asarray(matrix, np.float64)
    return picture_of([values.reshape(-1)], *values.shape, how, most)


@pytest.fixture
def canvas(qtbot: Any) -> PictureCanvas:
    made = PictureCanvas()
    qtbot.addWidget(made)
    made.resize(700, 400)
    return made


def show(canvas: PictureCanvas, shape: tuple[int, int], value: float = 1.0) -> Picture:
    made = picture(np.full(shape, value))
    canvas.show_picture(made, (0, shape[0] - 1), (0, shape[1] - 1))
    return made


@pytest.mark.parametrize("shape", [(768, 3072), (100, 100), (300, 200)])
def test_that_a_matrix_keeps_its_proportions(canvas: PictureCanvas, shape: tuple[int, int]) -> None:
    show(canvas, shape)
    inside = canvas.image_rect()
    assert inside.width() / inside.height() == pytest.approx(shape[1] / shape[0], rel=0.05)


@pytest.mark.parametrize("shape", [(1, 768), (50257, 20), (1, 100_000), (4000, 1)])
def test_that_a_long_thin_matrix_is_no_thread(canvas: PictureCanvas, shape: tuple[int, int]) -> None:
    show(canvas, shape)
    assert min(canvas.image_rect().width(), canvas.image_rect().height()) > em(canvas, 4)
    assert canvas.rect().contains(canvas.image_rect())


def test_that_a_few_values_do_not_fill_the_room(canvas: PictureCanvas) -> None:
    canvas.resize(4000, 3000)
    show(canvas, (400, 300))
    wide = canvas.image_rect()
    assert wide.height() > 2000
    canvas.resize(700, 400)
    show(canvas, (2, 8))
    assert canvas.image_rect().width() <= max(8 * em(canvas, LARGEST), canvas.width() // 3)


@pytest.mark.parametrize(("size", "written"), [((700, 400), True), ((120, 60), False)])
def test_that_the_axes_have_their_names_where_there_is_room(canvas: PictureCanvas, size: tuple[int, int], written: bool) -> None:
    canvas.resize(*size)
    made = show(canvas, (30, 40))
    bare = canvas.grab().toImage()
    for names in (("tokens", ""), ("", "features")):
        canvas.show_picture(made, (0, 29), (0, 39), names)
        assert (canvas.grab().toImage() != bare) == written


@pytest.mark.parametrize("size", [(1, 1), (30, 20), (5, 700), (3000, 4)])
def test_that_a_tiny_canvas_is_drawn_without_complaint(canvas: PictureCanvas, size: tuple[int, int]) -> None:
    canvas.resize(*size)
    show(canvas, (40, 60))
    assert not canvas.grab().isNull()
    assert canvas.image_rect().width() >= 1


def test_that_a_canvas_without_a_picture_draws_nothing_and_points_at_nothing(canvas: PictureCanvas) -> None:
    image = canvas.grab().toImage()
    assert image.pixelColor(0, 0) == image.pixelColor(300, 200)
    assert canvas.cell_at(QPoint(300, 200)) is None


@pytest.mark.parametrize("shape", [(3, 5), (40, 60), (1, 1)])
def test_that_every_cell_can_be_pointed_at(canvas: PictureCanvas, shape: tuple[int, int]) -> None:
    show(canvas, shape)
    inside = canvas.image_rect()
    found = {
        canvas.cell_at(QPoint(x, y)) for x in range(inside.left(), inside.right() + 1) for y in (inside.top(), inside.bottom())
    }
    assert found == {(row, column) for row in (0, shape[0] - 1) for column in range(shape[1])}


def test_that_the_scale_says_when_values_lie_beyond_it(canvas: PictureCanvas) -> None:
    show(canvas, (3, 3), 2.5)
    assert canvas._scale_texts() == ("2.5", "0", "-2.5")
    outlier = np.full((30, 30), 0.5)
    outlier[0, 0] = 9
    canvas.show_picture(picture(outlier), (0, 29), (0, 29))
    assert canvas._scale_texts() == ("≥ 0.5", "0", "≤ -0.5")


def test_that_another_picture_forgets_the_cell(canvas: PictureCanvas) -> None:
    show(canvas, (3, 3))
    canvas._point((1, 1))
    show(canvas, (3, 3))
    assert canvas.cell is None


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("matrix", "most", "how", "cell", "text"),
    [
        ([[1.0, 2.0], [3.0, NAN]], 9, MEAN, (0, 1), "[0, 1]  2"),
        ([[1.0, 2.0], [3.0, NAN]], 9, MEAN, (1, 1), "[1, 1]  NaN"),
        ([[1.0, -INF], [3.0, NAN]], 9, MEAN, (0, 1), "[0, 1]  Inf"),
        ([[1.0, 2.0], [3.0, NAN]], 1, MEAN, (0, 0), "[0, 0] to [1, 1]  mean 2, with NaN"),
        ([[1.0, INF], [3.0, 0.0]], 1, FURTHEST, (0, 0), "[0, 0] to [1, 1]  furthest from zero 3, with Inf"),
        ([[NAN, NAN]], 1, MEAN, (0, 0), "[0, 0] to [0, 1]  mean no finite value, with NaN"),
        ([[1.0, 2.0, 3.0]], 2, MEAN, (0, 1), "[0, 2]  3"),
    ],
)
def test_that_a_cell_is_said_with_its_index(
    matrix: list[list[float]], most: int, how: str, cell: tuple[int, int], text: str
) -> None:
    made = picture(matrix, most, how)
    assert cell_text(made, plane_of((made.rows, made.columns), ""), *cell, how) == text


def test_that_a_cell_of_a_part_has_the_index_of_the_whole_tensor() -> None:
    made = picture(np.arange(8.0).reshape(2, 4), 2)
    assert cell_text(made, plane_of((9, 20, 30), "7, 4:6, 10:18:2"), 1, 1, MEAN) == "[7, 5, 14] to [7, 5, 16]  mean 6.5"


def test_that_a_picture_says_what_it_is_made_of() -> None:
    assert picture_sentence(picture([[1.0, -1.0]]), MEAN) == "1 x 2 values. Colours reach ±1, values from -1 to 1."
    assert picture_sentence(picture([[NAN]]), MEAN) == "1 x 1 values. Colours reach ±1."
    reduced = picture(np.ones((4, 6)), 2, FURTHEST)
    assert picture_sentence(reduced, FURTHEST).startswith("4 x 6 values; each cell is the value furthest from zero of 2 x 3.")


# tiles


def tiles(count: int, shape: tuple[int, int] = (3, 3), **facts: Any) -> FilterTiles:
    images = tuple(bytes([127]) * (shape[0] * shape[1]) for _ in range(count))
    known: dict[str, Any] = {"is_rgb": False, "limit": 0.5, **facts}
    return FilterTiles(count, *shape, tuple(range(count)), tuple(map(float, range(count))), images, **known)


@pytest.mark.parametrize("count", [1, 2, 7, 64])
@pytest.mark.parametrize("shape", [(3, 3), (7, 7), (1, 9), (9, 1)])
@pytest.mark.parametrize("with_norms", [False, True])
def test_that_tiles_keep_their_proportions_and_stay_apart(
    qtbot: Any, count: int, shape: tuple[int, int], with_norms: bool
) -> None:
    canvas = FilterCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(700, 400)
    canvas.show_tiles(tiles(count, shape), with_norms)
    rects = [canvas.tile_rect(at) for at in range(count)]
    assert all(canvas.rect().contains(rect) for rect in rects)
    assert not any(one.intersects(other) for at, one in enumerate(rects) for other in rects[:at])
    assert rects[0].width() * shape[0] == pytest.approx(rects[0].height() * shape[1], rel=0.2)
    assert [canvas.tile_at(rect.center()) for rect in rects] == list(range(count))
    assert not canvas.grab().isNull()


def test_that_tiles_say_what_their_colours_mean() -> None:
    assert tiles_sentence(tiles(1)) == "3 x 3; blue is negative, orange positive, colours reach ±0.5."
    assert tiles_sentence(tiles(1, is_rgb=True)) == "3 x 3; each filter is stretched to its own range."
    assert tiles_sentence(tiles(1, nan=2, inf=1)).endswith(" ✖ 2 NaN and 1 Inf on this page.")
