"""The pictures of the README: every scene stands on files of this repository, and is drawn small and in its colours."""

import re
from pathlib import Path

import pytest
import readme_pictures as pictures
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from torchloupe.gui import theme

README = (pictures.ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = set(re.findall(r"resources/pictures/([\w-]+)\.png", README))
MOST_BYTES = 250_000


@pytest.fixture
def colorful() -> QImage:
    """More colours than a palette has: a ramp of greys, and a little green on it."""
    image = QImage(256, 8, QImage.Format.Format_RGB32)
    for x in range(256):
        for y in range(8):
            image.setPixelColor(x, y, QColor(x, x, min(255, x + y)))
    image.setPixelColor(3, 3, QColor(0, 160, 60))
    return image


@pytest.mark.parametrize("scene", pictures.SCENES, ids=lambda scene: scene.name)
def test_that_a_scene_opens_files_that_are_there(scene: pictures.Scene) -> None:
    assert [file for file in scene.files if not file.is_file()] == []
    assert scene.mode in theme.MODES


def test_that_what_the_readme_shows_is_drawn_by_a_scene() -> None:
    assert len(SHOWN) >= 3
    assert {scene.name for scene in pictures.SCENES} >= SHOWN


def test_that_every_picture_in_the_readme_says_what_it_shows() -> None:
    assert all(len(said) > 20 for said in re.findall(r"!\[([^\]]*)\]\(resources/pictures", README))


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_that_a_picture_of_the_readme_is_small_and_of_the_right_size(name: str) -> None:
    file = pictures.FOLDER / f"{name}.png"
    assert file.stat().st_size < MOST_BYTES
    image = QImage(str(file))
    assert (image.width(), image.height()) == pictures.SIZE


def test_that_few_colors_are_left_and_each_is_near_what_it_was(colorful: QImage) -> None:
    small = pictures.with_few_colors(colorful)
    assert small.colorCount() <= pictures.MOST_COLORS
    assert (small.width(), small.height()) == (256, 8)
    for x in range(256):
        for y in range(8):
            before, now = colorful.pixelColor(x, y), small.pixelColor(x, y)
            assert abs(before.green() - now.green()) < pictures.ALIKE


def test_that_a_rare_color_is_kept(colorful: QImage) -> None:
    assert pictures.with_few_colors(colorful).pixelColor(3, 3) == QColor(0, 160, 60)


def test_that_a_scene_is_drawn_in_its_theme(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "QUIET_MS", 50)
    scene = pictures.Scene("compare", (pictures.EXAMPLE[1],), (), "checkpoint", "dark")
    image = pictures.drawn(qapp, scene)
    theme.apply_theme(qapp, "light")
    assert (image.width(), image.height()) == pictures.SIZE
    assert image.pixelColor(image.width() // 2, image.height() - 3).lightness() < 80


def test_that_pictures_go_where_they_are_wanted(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn: list[str] = []

    def draw(_app: QApplication, scene: pictures.Scene) -> QImage:
        drawn.append(scene.name)
        image = QImage(20, 10, QImage.Format.Format_RGB32)
        image.fill(QColor("white"))
        return image

    monkeypatch.setattr(pictures, "drawn", draw)
    monkeypatch.setattr(pictures, "make_application", lambda: qapp)
    assert pictures.main(["--folder", str(tmp_path / "new"), "step", "window"]) == 0
    assert drawn == ["window", "step"]
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["step.png", "window.png"]
    assert "step.png (0 kB)" in capsys.readouterr().out


def test_that_an_unknown_picture_is_refused() -> None:
    with pytest.raises(SystemExit):
        pictures.main(["no-such-picture"])
