"""Compare a picture with a golden one by its structure: light and dark areas on a coarse grid, not the pixels of letters."""

from pathlib import Path

from PySide6.QtGui import QImage

GOLDEN = Path(__file__).parents[1] / "golden"
BLOCK = 32
TOLERANCE = 26
MAY_DIFFER = 0.08


def blocks(path):
    """Mean lightness of each block of a picture, row by row, and the grid's size."""
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_Grayscale8)
    assert not image.isNull(), f"{path} is no picture"
    columns, rows = image.width() // BLOCK, image.height() // BLOCK
    small = image.scaled(columns, rows, mode=_smooth())
    return [small.pixelColor(x, y).red() for y in range(rows) for x in range(columns)], (columns, rows)


def _smooth():
    from PySide6.QtCore import Qt

    return Qt.TransformationMode.SmoothTransformation


def difference(path, golden):
    """The share of blocks whose lightness differs by more than the tolerance; 1 when the sizes differ."""
    one, size = blocks(path)
    other, golden_size = blocks(golden)
    if size != golden_size:
        return 1.0
    return sum(abs(a - b) > TOLERANCE for a, b in zip(one, other, strict=True)) / len(one)


def assert_like_golden(path, name, accept):
    """The picture has the structure of ``golden/NAME.png``; with ``--accept`` it becomes that file."""
    golden = GOLDEN / f"{name}.png"
    if accept:
        golden.parent.mkdir(exist_ok=True)
        golden.write_bytes(Path(path).read_bytes())
    assert golden.exists(), f"{golden} is missing: run with --accept and look at it"
    share = difference(path, golden)
    assert share <= MAY_DIFFER, f"{share:.0%} of {path} differ from {golden}; look at both, then run with --accept"
