"""The icon in the formats of three systems."""

import struct
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

import icon_files
from icon_files import ICNS_TYPES, ICO_SIZES, SIZES, SVG, drawn, icns, ico


@pytest.mark.parametrize("size", SIZES)
def test_that_the_drawing_fills_each_size_and_its_corners_are_clear(size: int) -> None:
    image = QImage.fromData(drawn(SVG, size))
    assert (image.width(), image.height()) == (size, size)
    assert image.pixelColor(0, 0).alpha() < 255
    middle = {QColor(image.pixel(x, size // 2)).name() for x in range(size // 4, 3 * size // 4)}
    assert len(middle) > 2


def test_that_an_ico_names_each_picture_and_where_it_lies() -> None:
    pictures = {size: bytes([number]) * (number + 1) for number, size in enumerate(ICO_SIZES)}
    made = ico(pictures)
    assert struct.unpack_from("<3H", made) == (0, 1, len(ICO_SIZES))
    for number, (size, picture) in enumerate(pictures.items()):
        width, height, *_, length, offset = struct.unpack_from("<4B2H2I", made, 6 + 16 * number)
        assert (width, height) == (size % 256, size % 256)
        assert made[offset : offset + length] == picture


def test_that_an_icns_is_made_of_blocks_that_add_up() -> None:
    made = icns({size: b"png" * size for size in ICNS_TYPES})
    assert made[:4] == b"icns"
    assert struct.unpack_from(">I", made, 4) == (len(made),)
    place, found = 8, {}
    while place < len(made):
        kind, length = made[place : place + 4], struct.unpack_from(">I", made, place + 4)[0]
        found[kind] = made[place + 8 : place + length]
        place += length
    assert found == {kind: b"png" * size for size, kind in ICNS_TYPES.items()}


def test_that_all_files_are_written_and_windows_reads_what_qt_reads(tmp_path: Path) -> None:
    icon_files.main(tmp_path / "icons")
    names = {file.name for file in (tmp_path / "icons").iterdir()}
    assert names == {*(f"{size}.png" for size in SIZES), "torchloupe.ico", "torchloupe.icns"}
    assert {16, 32, 48, 128, 256, 512} <= set(SIZES)
    assert QImage(str(tmp_path / "icons/48.png")).width() == 48
    assert QImage(str(tmp_path / "icons/torchloupe.ico")).width() in ICO_SIZES
