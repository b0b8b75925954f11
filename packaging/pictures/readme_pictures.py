"""Draws the pictures of the README: the window on models of this repository, run, compared and trained, as small PNG files."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import numpy as np

from torchloupe.gui.qt_classes import every_class_at_once

with every_class_at_once():
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QApplication

from torchloupe.gui import theme
from torchloupe.gui.main_window import MainWindow
from torchloupe.gui.settings import Settings
from torchloupe.gui.start_up import make_application, real_session

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "resources/pictures"
EXAMPLE = (ROOT / "resources/example/classifier.py", ROOT / "resources/example/checkpoint.pt")
MODELS = ROOT / "tests/models"
SIZE = (1280, 800)
QUIET_MS, AT_MOST_MS = 500, 60_000
"""So long nothing may run before the next step, and so long one may take."""
MOST_COLORS, ALIKE = 256, 32
"""Of a picture; and how near in red, green and blue colours are alike."""


@dataclass(frozen=True)
class Scene:
    """``files`` are opened, ``actions`` triggered one after the other, then the panel is brought to the front."""

    name: str
    files: tuple[Path, ...]
    actions: tuple[str, ...] = ("run.forward",)
    panel: str = "calls"
    mode: str = "light"


SCENES = (
    Scene("window", EXAMPLE),
    Scene("window-dark", EXAMPLE, mode="dark"),
    Scene("mismatches", (MODELS / "mismatches/towers.py",)),
    Scene("compare", EXAMPLE, ("go.next_difference",), "compare"),
    Scene("step", (MODELS / "training/detached_blocks.py",), ("run.step", "run.prove"), "step", "dark"),
)


def main(arguments: Sequence[str]) -> int:
    """Draw all, or those that are named."""
    parser = argparse.ArgumentParser(prog="dev.py pictures", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*(scene.name for scene in SCENES), []], metavar="NAME")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    app = make_application()
    for scene in SCENES:
        if not options.names or scene.name in options.names:
            file = options.folder / f"{scene.name}.png"
            with_few_colors(drawn(app, scene)).save(str(file), quality=0)
            print(f"{file} ({file.stat().st_size / 1000:.0f} kB)", flush=True)
    return 0


def drawn(app: QApplication, scene: Scene) -> QImage:
    """The window at the end of a scene."""
    theme.apply_theme(app, scene.mode)
    window = MainWindow(real_session, sys.executable, Settings(None), True)
    window.resize(*SIZE)
    window.show()
    steps: list[Callable[[], object]] = [lambda: window.open_paths(scene.files)]
    steps += [window.actions_by_id[name].trigger for name in scene.actions]
    steps += [lambda: window.docks.raise_panel(scene.panel)]
    window.worker.start()
    settle(window)
    for step in steps:
        step()
        settle(window)
    image = window.grab().toImage()
    window.close()
    window.deleteLater()
    return image


def settle(window: MainWindow) -> None:
    """Wait until nothing has run for a while."""
    loop, quiet, limit = QEventLoop(), QTimer(singleShot=True, interval=QUIET_MS), QTimer(singleShot=True, interval=AT_MOST_MS)

    def changed(busy: bool) -> None:
        quiet.stop() if busy else quiet.start()

    for timer in (quiet, limit):
        timer.timeout.connect(loop.quit)
    window.jobs.busy_changed.connect(changed)
    limit.start()
    changed(window.jobs.busy)
    loop.exec()
    window.jobs.busy_changed.disconnect(changed)


def with_few_colors(image: QImage) -> QImage:
    """The same in a palette: of colours that are alike the one that is used most, then what is used most. A third of the size."""
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(plain.constBits(), np.uint32).reshape(plain.height(), -1)[:, : plain.width()] & 0xFFFFFF
    used, where, counts = np.unique(pixels, return_inverse=True, return_counts=True)
    ranked = used[np.argsort(-counts)]
    _, first = np.unique(channels(ranked) // ALIKE @ [1, 1 << 8, 1 << 16], return_index=True)
    chosen = ranked[list(dict.fromkeys([*sorted(first), *range(len(ranked))]))[:MOST_COLORS]]
    distances = np.square(channels(used)[:, None] - channels(chosen)[None]).sum(-1)
    few = distances.argmin(1).astype(np.uint8)[where].reshape(pixels.shape)
    small = QImage(few.tobytes(), plain.width(), plain.height(), plain.width(), QImage.Format.Format_Indexed8)
    small.setColorTable([int(color) | 0xFF000000 for color in chosen])
    return small.copy()


def channels(colors: Any) -> Any:
    """Red, green and blue of each."""
    return np.stack([colors >> 16 & 255, colors >> 8 & 255, colors & 255], 1).astype(np.int32)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
