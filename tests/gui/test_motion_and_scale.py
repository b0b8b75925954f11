"""Nothing moves by itself, and the same window is shown at every scale of the screen and size of the letters."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QAbstractAnimation
from PySide6.QtGui import QFontMetrics, QImage
from PySide6.QtWidgets import QApplication, QLabel, QProgressBar, QTreeView, QWidget

from gui import rich_window
from gui.conftest import MakeWindow
from gui.small_pictures import share_that_differs
from gui.test_screen_reader import heard
from torchloupe.gui.tensor.model import __file__ as any_file

GUI = Path(any_file).parents[1]
ROOT = Path(__file__).parents[2]
LONGEST_MS = 100
ANIMATIONS = re.compile(r"\bQ(?:Property|Variant|Parallel|Sequential)\w*Animation|\bQTimeLine\b|\bQMovie\b|setAnimated\(True")


@pytest.fixture
def rich(make_window: MakeWindow, qtbot: Any, tmp_path: Path) -> Any:
    window = make_window(rich_window.script())
    rich_window.fill(window, qtbot, tmp_path)
    rich_window.panels(window, qtbot)
    return window


# motion


def test_that_no_file_of_the_window_makes_an_animation() -> None:
    found = [
        f"{path.name}: {match}" for path in GUI.rglob("*.py") for match in ANIMATIONS.findall(path.read_text(encoding="utf-8"))
    ]
    assert found == []
    assert ANIMATIONS.search("self.slide = QPropertyAnimation(panel, b'pos')")


def test_that_nothing_in_the_window_moves_for_longer_than_a_tenth_of_a_second(rich: Any) -> None:
    moving = [each for each in rich.findChildren(QAbstractAnimation) if each.duration() > LONGEST_MS or each.duration() < 0]
    assert moving == []
    assert not rich.isAnimated()
    assert not [view for view in rich.findChildren(QTreeView) if view.isAnimated()]


def test_that_a_job_without_a_known_end_is_told_in_words_and_not_by_something_that_moves(rich: Any, qtbot: Any) -> None:
    status = rich.status
    status._show_job(True)
    assert status.job.isVisible()
    assert not [bar for bar in rich.findChildren(QProgressBar) if bar.isVisible() and bar.maximum() == bar.minimum()]
    status._show_progress("reading", 3, 10)
    assert status.bar.isVisible()
    assert (status.bar.value(), status.bar.maximum()) == (3, 10)
    status._show_job(False)
    assert not status.bar.isVisible()


# sizes of letters


def test_that_the_keys_for_the_size_of_letters_change_all_panels_and_nothing_is_lost(rich: Any, qapp: QApplication) -> None:
    before = qapp.font().pointSizeF()
    shown = {name: panel.inside().isVisibleTo(rich) for name, panel in rich.docks.panels.items()}
    for _ in range(4):
        rich.actions_by_id["view.larger"].trigger()
    qapp.processEvents()
    larger = qapp.font().pointSizeF()
    assert larger == pytest.approx(before * 1.1**4)
    for name in rich.docks.panels:
        rich.docks.raise_panel(name)
        qapp.processEvents()
        seen = [each for each in rich.findChildren(QWidget) if each.isVisible() and each.font().pointSizeF() > 0]
        assert [f"{type(each).__name__} {heard(each)}" for each in seen if each.font().pointSizeF() < larger * 0.8] == [], name
    assert {name: panel.inside().isVisibleTo(rich) for name, panel in rich.docks.panels.items()} == shown
    rich.actions_by_id["view.smaller"].trigger()
    assert qapp.font().pointSizeF() == pytest.approx(before * 1.1**3)
    rich.actions_by_id["view.normal"].trigger()
    assert qapp.font().pointSizeF() == pytest.approx(before)


def test_that_a_heading_stays_larger_than_the_letters_by_as_much(rich: Any, qapp: QApplication) -> None:
    labels = rich.docks.panels["start"].inside().findChildren(QLabel)
    headings = [each for each in labels if "large" in each.text()]
    assert [heard(each) for each in headings] == ["Torchloupe", "Recent files"]
    before, line = [each.sizeHint().height() for each in headings], QFontMetrics(qapp.font()).height()
    assert before[0] > 1.5 * line
    for _ in range(4):
        rich.actions_by_id["view.larger"].trigger()
    qapp.processEvents()
    assert all(each.sizeHint().height() > 1.3 * height for each, height in zip(headings, before, strict=True))


def test_that_rows_and_buttons_grow_with_the_letters(rich: Any, qapp: QApplication) -> None:
    table = rich.docks.panels["problems"].inside().table.view
    tool = rich.tools.widgetForAction(rich.actions_by_id["run.forward"])
    row, button = table.rowHeight(0), tool.sizeHint().height()
    for _ in range(6):
        rich.actions_by_id["view.larger"].trigger()
    qapp.processEvents()
    assert table.rowHeight(0) > 1.4 * row
    assert tool.sizeHint().height() > 1.15 * button


# scale of the screen


def picture_at(scale: str, folder: Path, checkpoint: Path) -> QImage:
    """The window as a program of its own draws it."""
    file = folder / f"at {scale}.png"
    settings = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale, "PYTHONPATH": str(ROOT / "app")}
    words = ["-m", "torchloupe", "--fresh", "--theme", "light", "--screenshot", str(file), str(checkpoint)]
    subprocess.run([sys.executable, "-W", "ignore", *words], env=settings, capture_output=True, timeout=120, check=True)
    return QImage(str(file))


def test_that_the_same_is_shown_at_every_scale_with_more_pixels(tmp_path: Path) -> None:
    checkpoint, _ = rich_window.save_checkpoints(tmp_path)
    pictures = {scale: picture_at(scale, tmp_path, checkpoint) for scale in ("1", "1.5", "2")}
    first = pictures["1"]
    small = first.scaled(first.width() // 16, first.height() // 16)
    for scale, picture in pictures.items():
        assert picture.width() == pytest.approx(float(scale) * first.width(), abs=2)
        assert picture.height() == pytest.approx(float(scale) * first.height(), abs=2)
        assert share_that_differs(small_of(picture, small), small_of(first, small)) < 0.08


def small_of(picture: QImage, like: QImage) -> QImage:
    from PySide6.QtCore import Qt

    keep, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    return picture.convertToFormat(QImage.Format.Format_RGB32).scaled(like.width(), like.height(), keep, smooth)
