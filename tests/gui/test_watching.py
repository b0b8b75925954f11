"""Saved files are noticed, however they are saved, and only when they hold something else."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gui.conftest import PATIENCE_MS
from torchloupe.gui.jobs import Jobs
from torchloupe.gui.watching import WATCH, Watching
from torchloupe.session.scripted import ScriptedSession


class Watched:
    """Files of a folder that are watched, and what was told of them."""

    def __init__(self, folder: Path, qtbot: Any) -> None:
        self.folder, self._qtbot = folder, qtbot
        self.jobs = Jobs(ScriptedSession())
        self.watching = Watching(self.jobs)
        self.told: list[tuple[str, ...]] = []
        self.watching.saved.connect(self.told.append)

    def watch(self, *names: str, **how: Any) -> None:
        """Watch, and wait for the first look."""
        self.watching.watch([str(self.folder / name) for name in names], **how)
        self._qtbot.waitUntil(lambda: not self.jobs.runs(WATCH), timeout=PATIENCE_MS)

    def tell(self, number: int = 1) -> list[str]:
        """The names that were told of, after so many times."""
        self._qtbot.waitUntil(lambda: len(self.told) >= number, timeout=PATIENCE_MS)
        return [Path(file).name for file in self.told[number - 1]]


@pytest.fixture
def watched(tmp_path: Path, qtbot: Any) -> Iterator[Watched]:
    """Three files that were saved long ago; two of them will be watched."""
    for name in ("model.py", "parts.py", "other.py"):
        (tmp_path / name).write_text(f"# {name}\n")
        os.utime(tmp_path / name, (1_000_000, 1_000_000))
    watched = Watched(tmp_path, qtbot)
    yield watched
    watched.watching.watch(())
    watched.jobs.close()


def in_place(path: Path, text: str) -> None:
    """As an editor that writes into the file."""
    path.write_text(text)


def by_replacement(path: Path, text: str) -> None:
    """As an editor that puts a new file in the place of the old."""
    other = path.with_name(f".{path.name}.swp")
    other.write_text(text)
    other.replace(path)


def taken_away_first(path: Path, text: str) -> None:
    """As an editor that keeps the old file as a backup."""
    path.rename(path.with_name(f"{path.name}~"))
    path.write_text(text)


SAVES = (in_place, by_replacement, taken_away_first)


@pytest.mark.parametrize("save", SAVES)
def test_that_a_file_is_told_of_each_time_that_it_is_saved(watched: Watched, save: Callable[[Path, str], None]) -> None:
    watched.watch("model.py", "parts.py")
    for number in (1, 2, 3):
        save(watched.folder / "parts.py", f"WIDTH = {number}\n")
        assert watched.tell(number) == ["parts.py"]


def test_that_touching_a_file_or_saving_the_same_is_nothing(watched: Watched) -> None:
    watched.watch("model.py", "parts.py")
    (watched.folder / "model.py").touch()
    by_replacement(watched.folder / "model.py", "# model.py\n")
    in_place(watched.folder / "other.py", "not watched\n")
    in_place(watched.folder / "parts.py", "X = 1\n")
    assert watched.tell() == ["parts.py"]


def test_that_a_file_that_is_deleted_is_told_of_when_it_is_back(watched: Watched) -> None:
    watched.watch("model.py", "parts.py")
    (watched.folder / "parts.py").unlink()
    in_place(watched.folder / "model.py", "import parts\n")
    assert watched.tell() == ["model.py"]
    in_place(watched.folder / "parts.py", "Y = 2\n")
    assert watched.tell(2) == ["parts.py"]


def test_that_a_file_that_stays_away_is_told_of_and_that_it_is_back(watched: Watched, monkeypatch: Any, qtbot: Any) -> None:
    gone: list[tuple[str, ...]] = []
    watched.watching._gone_timer.setInterval(10)
    watched.watching.gone.connect(gone.append)
    watched.watch("model.py", "parts.py", "never there.py")
    (watched.folder / "parts.py").unlink()
    qtbot.waitUntil(lambda: gone == [(str(watched.folder / "parts.py"),)], timeout=PATIENCE_MS)
    in_place(watched.folder / "parts.py", "# parts.py\n")
    qtbot.waitUntil(lambda: gone[1:] == [()], timeout=PATIENCE_MS)
    by_replacement(watched.folder / "model.py", "X = 1\n")
    assert watched.tell() == ["model.py"]
    assert len(gone) == 2


def test_that_what_was_saved_since_the_last_look_is_told_when_it_is_watched_again(watched: Watched) -> None:
    watched.watch("model.py")
    watched.watching.watch(())
    in_place(watched.folder / "model.py", "X = 1\n")
    watched.watch("model.py")
    assert watched.tell() == ["model.py"]


def test_that_a_file_saved_while_others_join_is_told(watched: Watched) -> None:
    watched.watch("model.py")
    in_place(watched.folder / "model.py", "X = 1\n")
    watched.watching.watch([str(watched.folder / name) for name in ("model.py", "parts.py")])
    assert watched.tell() == ["model.py"]


def test_that_afresh_forgets_what_was_before(watched: Watched) -> None:
    watched.watch("model.py")
    in_place(watched.folder / "model.py", "X = 1\n")
    watched.watch("model.py", afresh=True)
    in_place(watched.folder / "model.py", "X = 22\n")
    watched.tell()
    assert len(watched.told) == 1


def test_that_files_beside_the_watched_ones_are_told_of_only_when_asked_for(watched: Watched) -> None:
    watched.watch("model.py")
    watched.watching.beside = True
    in_place(watched.folder / "missing.py", "X = 1\n")
    assert watched.tell() == ["missing.py"]


def test_that_a_folder_that_is_gone_is_no_mistake(watched: Watched) -> None:
    watched.watch("nowhere/model.py", "parts.py")
    in_place(watched.folder / "parts.py", "X = 1\n")
    assert watched.tell() == ["parts.py"]


def test_that_nothing_is_told_once_nothing_is_watched(watched: Watched) -> None:
    watched.watch("model.py")
    watched.watch()
    in_place(watched.folder / "model.py", "X = 1\n")
    watched.watch("parts.py")
    in_place(watched.folder / "parts.py", "X = 1\n")
    assert watched.tell() == ["parts.py"]
