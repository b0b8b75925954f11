"""Two looks at the files of a project."""

import os
from pathlib import Path

import pytest

from torchloupe.session.saved_files import changed_files, stamps_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A file with some text, saved long ago."""
    path = tmp_path / "model.py"
    path.write_text("WIDTH = 3\n")
    os.utime(path, (1_000_000, 1_000_000))
    return path


def changed_by(model: Path, act: object) -> tuple[str, ...]:
    """What a second look finds after ``act``."""
    before = stamps_of([str(model)], {})
    act()  # type: ignore[operator]
    return changed_files(before, stamps_of([str(model)], before))


def replace(model: Path, text: str) -> None:
    """Save as many editors do: write another file and put it in the place of the first."""
    other = model.with_suffix(".tmp")
    other.write_text(text)
    other.replace(model)


def test_that_a_file_saved_in_place_or_by_replacement_has_changed(model: Path) -> None:
    assert changed_by(model, lambda: model.write_text("WIDTH = 44\n")) == (str(model),)
    assert changed_by(model, lambda: replace(model, "WIDTH = 555\n")) == (str(model),)


def test_that_other_text_of_the_same_length_is_a_change(model: Path) -> None:
    assert changed_by(model, lambda: model.write_text("WIDTH = 4\n")) == (str(model),)


@pytest.mark.parametrize(
    "save", [Path.touch, lambda model: model.write_text("WIDTH = 3\n"), lambda model: replace(model, "WIDTH = 3\n")]
)
def test_that_saving_the_same_text_is_no_change(model: Path, save: object) -> None:
    assert changed_by(model, lambda: save(model)) == ()  # type: ignore[operator]


def test_that_a_file_that_looks_the_same_is_not_read_again(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stamps_of([str(model)], {})
    monkeypatch.setattr("builtins.open", None)
    assert stamps_of([str(model)], before) == before


def test_that_a_file_that_is_away_for_a_moment_has_not_changed_until_it_is_back(model: Path) -> None:
    before = stamps_of([str(model)], {})
    model.unlink()
    away = stamps_of([str(model)], before)
    assert changed_files(before, away) == ()
    model.write_text("WIDTH = 9\n")
    assert changed_files(away, stamps_of([str(model)], away)) == (str(model),)


def test_that_a_file_that_comes_into_view_has_not_changed(model: Path, tmp_path: Path) -> None:
    before = stamps_of([str(tmp_path / "later.py")], {})
    assert before == {}
    assert changed_files(before, stamps_of([str(model)], before)) == ()


def test_that_a_folder_in_the_place_of_a_file_is_passed_over(tmp_path: Path) -> None:
    assert stamps_of([str(tmp_path)], {}) == {}
