"""The app's icon in the sizes and formats of three systems, drawn from its SVG: ``python icon_files.py FOLDER``. Needs PySide6."""

import os
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
ICNS_TYPES = {16: b"icp4", 32: b"icp5", 64: b"icp6", 128: b"ic07", 256: b"ic08", 512: b"ic09"}
SVG = Path(__file__).resolve().parent.parent / "resources/icons/torchloupe.svg"


def main(folder: Path) -> None:
    """``SIZE.png`` for every size, ``torchloupe.ico`` for Windows, ``torchloupe.icns`` for macOS."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {size: drawn(SVG, size) for size in SIZES}
    for size, picture in pictures.items():
        (folder / f"{size}.png").write_bytes(picture)
    (folder / "torchloupe.ico").write_bytes(ico({size: pictures[size] for size in ICO_SIZES}))
    (folder / "torchloupe.icns").write_bytes(icns({size: pictures[size] for size in ICNS_TYPES}))


def drawn(svg: Path, size: int) -> bytes:
    """The drawing as a PNG of so many pixels in each direction."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice
    from PySide6.QtGui import QImage, QImageWriter, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    QSvgRenderer(str(svg)).render(painter)
    painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())


def ico(pictures: Mapping[int, bytes]) -> bytes:
    """The pictures in the format of Windows: a directory, then the PNGs."""
    offset = 6 + 16 * len(pictures)
    directory = struct.pack("<3H", 0, 1, len(pictures))
    for size, picture in pictures.items():
        directory += struct.pack("<4B2H2I", size % 256, size % 256, 0, 0, 1, 32, len(picture), offset)
        offset += len(picture)
    return directory + b"".join(pictures.values())


def icns(pictures: Mapping[int, bytes]) -> bytes:
    """The pictures in the format of macOS: blocks that each begin with a type and a length."""
    blocks = b"".join(ICNS_TYPES[size] + struct.pack(">I", len(picture) + 8) + picture for size, picture in pictures.items())
    return b"icns" + struct.pack(">I", len(blocks) + 8) + blocks


if __name__ == "__main__":
    main(Path(sys.argv[1]))
