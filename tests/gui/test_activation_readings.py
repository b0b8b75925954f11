"""Pages of maps and lines: what is read for them, and no more."""

import numpy as np
import pytest
import torch

from gui.flow_worker import FlowSession, activation
from torchloupe.analysis.activation_views import ATTENTION, IMAGE, MAPS
from torchloupe.gui.tensor import activation_readings as readings
from torchloupe.gui.tensor.activation_readings import MapLayout, ReadLine, ReadMaps, map_layout
from torchloupe.gui.tensor.activation_source import ActivationSource
from torchloupe.numbers.reduction import ZERO
from torchloupe.wire.activations import FetchActivation
from torchloupe.wire.errors import UnsupportedFormat


def silent(_done: int, _total: int, _what: str) -> None:
    """Progress that nobody hears."""


def flowing(tensor: torch.Tensor) -> tuple[ActivationSource, FlowSession]:
    session = FlowSession({("conv", 0, "output", 0): tensor})
    return ActivationSource(session.ask, activation("conv"), tuple(tensor.shape), str(tensor.dtype)[6:]), session


@pytest.mark.parametrize(
    ("shape", "view", "layout"),
    [
        ((2, 64, 14, 12), MAPS, MapLayout((2, 64, 14, 12), 1, 2, 3)),
        ((2, 14, 14, 64), MAPS, MapLayout((2, 14, 14, 64), 3, 1, 2)),
        ((1, 16, 4, 8, 8), MAPS, MapLayout((1, 16, 4, 8, 8), 1, 3, 4)),
        ((2, 12, 24, 24), ATTENTION, MapLayout((2, 12, 24, 24), 1, 2, 3)),
        ((12, 24, 24), ATTENTION, MapLayout((12, 24, 24), 0, 1, 2)),
        ((4, 3, 32, 32), IMAGE, MapLayout((4, 3, 32, 32), 0, 2, 3, 1)),
    ],
)
def test_that_every_kind_has_a_layout(shape: tuple[int, ...], view: str, layout: MapLayout) -> None:
    assert map_layout(shape, view) == layout


def test_that_the_dimensions_that_are_left_have_to_be_chosen() -> None:
    assert map_layout((2, 64, 14, 12), MAPS).fixed == (0,)
    assert map_layout((1, 16, 4, 8, 8), MAPS).fixed == (0, 2)
    assert map_layout((4, 3, 32, 32), IMAGE).fixed == ()
    assert map_layout((12, 24, 24), ATTENTION).fixed == ()


def test_that_a_page_is_an_index_and_one_map_another() -> None:
    layout = map_layout((2, 100, 14, 12), MAPS)
    assert layout.index((1,), 64) == "1, 64:128, ::1, ::1"
    assert layout.one_map((1,), 70) == "1, 70, :, :"
    last = map_layout((2, 14, 14, 64), MAPS)
    assert last.index((0,), 0) == "0, ::1, ::1, 0:64"


def test_that_a_page_of_large_maps_has_fewer_of_them_and_of_huge_ones_every_few_rows() -> None:
    large = map_layout((1, 64, 512, 512), MAPS)
    assert (large.page, large.steps) == (16, (1, 1))
    huge = map_layout((1, 64, 5000, 600), MAPS)
    assert huge.steps == (10, 2)
    assert huge.page * 500 * 300 <= readings.PAGE_VALUES
    assert map_layout((64, 3, 512, 512), IMAGE).page == 5


def test_that_only_the_page_is_read() -> None:
    tensor = torch.arange(2 * 100 * 3 * 2.0).view(2, 100, 3, 2) - 600
    source, session = flowing(tensor)
    layout = map_layout(tensor.shape, MAPS)
    tiles = ReadMaps(source, layout, (1,), 64)(silent)
    assert (tiles.numbers, tiles.count, tiles.height, tiles.width) == (tuple(range(64, 100)), 100, 3, 2)
    assert tiles.norms[0] == pytest.approx(tensor[1, 64].norm().item())
    assert [message.index for message in session.asked_for(FetchActivation)] == ["1, 64:100, 0:3, 0:2"]


def test_that_channels_that_come_last_are_drawn_as_maps() -> None:
    tensor = torch.zeros(1, 4, 4, 6)
    tensor[0, 1, 2, 5] = 3.0
    source, _ = flowing(tensor)
    tiles = ReadMaps(source, map_layout(tensor.shape, MAPS), (0,), 0)(silent)
    assert [at for at, norm in enumerate(tiles.norms) if norm] == [5]
    assert [at for at, code in enumerate(tiles.images[5]) if code != ZERO] == [1 * 4 + 2]


def test_that_a_place_in_the_depth_is_chosen() -> None:
    tensor = torch.zeros(1, 2, 3, 4, 4)
    tensor[0, 1, 2] = 1.0
    source, _ = flowing(tensor)
    layout = map_layout(tensor.shape, MAPS)
    assert [ReadMaps(source, layout, (0, depth), 0)(silent).norms[1] for depth in range(3)] == [0.0, 0.0, 4.0]


def test_that_pictures_have_their_colours() -> None:
    tensor = torch.zeros(2, 3, 2, 2)
    tensor[1, 0] = 5.0
    source, _ = flowing(tensor)
    tiles = ReadMaps(source, map_layout(tensor.shape, IMAGE), (), 0)(silent)
    assert (tiles.is_rgb, len(tiles.images)) == (True, 2)
    assert list(tiles.images[1][:3]) == [255, 0, 0]


def test_that_of_a_huge_map_every_few_rows_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "MOST_SIDE", 4)
    tensor = torch.arange(10 * 9.0).view(1, 1, 10, 9)
    source, _ = flowing(tensor)
    layout = map_layout(tensor.shape, MAPS)
    tiles = ReadMaps(source, layout, (0,), 0)(silent)
    assert (tiles.height, tiles.width) == (4, 3)
    assert tiles.norms[0] == pytest.approx(tensor[0, 0, ::3, ::3].norm().item())


def test_that_ints_bools_and_halves_are_drawn_and_complex_ones_are_refused() -> None:
    for kind in (torch.int64, torch.bool, torch.bfloat16, torch.float64):
        source, _ = flowing(torch.ones(1, 2, 3, 3).to(kind))
        assert ReadMaps(source, map_layout((1, 2, 3, 3), MAPS), (0,), 0, "own")(silent).norms == (3.0, 3.0)
    source, _ = flowing(torch.ones(1, 2, 3, 3, dtype=torch.complex64))
    with pytest.raises(UnsupportedFormat, match="Complex values have no order"):
        ReadMaps(source, map_layout((1, 2, 3, 3), MAPS), (0,), 0)(silent)


def test_that_a_line_is_the_last_dimension_at_a_place_of_the_others() -> None:
    tensor = torch.arange(24.0).view(2, 3, 4)
    source, session = flowing(tensor)
    line = ReadLine(source, (1, 2))(silent)
    assert (line.step, line.length, line.values.tolist()) == (1, 4, [20, 21, 22, 23])
    assert [message.index for message in session.asked_for(FetchActivation)] == ["1, 2, 0:4"]


def test_that_of_a_long_line_an_even_part_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "MOST_POINTS", 10)
    source, _ = flowing(torch.arange(25.0))
    line = ReadLine(source, ())(silent)
    assert (line.step, line.length) == (3, 25)
    assert np.array_equal(line.values, np.arange(0, 25, 3))
