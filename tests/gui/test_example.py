"""The example is opened where it can be edited."""

from pathlib import Path

import pytest

from torchloupe import __version__
from torchloupe.gui import example
from torchloupe.gui.example import example_files, own_example


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As after an installation, where resources lie inside the package; the folder of the user."""
    monkeypatch.setattr(example, "resources_folder", lambda: Path(example.__file__).parents[1] / "resources")
    monkeypatch.setattr(example, "log_folder", lambda: tmp_path / "data")
    return tmp_path / "data" / f"example-{__version__}"


def test_that_in_the_repository_it_is_opened_as_it_is() -> None:
    assert own_example() == example_files()
    assert [file.name for file in own_example()] == ["classifier.py", "checkpoint.pt"]


def test_that_an_installed_app_opens_a_copy_of_this_user(installed: Path) -> None:
    model, checkpoint = own_example()
    assert (model, checkpoint) == (installed / "classifier.py", installed / "checkpoint.pt")
    assert model.read_bytes() == example_files()[0].read_bytes()
    assert checkpoint.read_bytes() == example_files()[1].read_bytes()
    assert sorted(installed.iterdir()) == [checkpoint, model]


def test_that_what_was_edited_stays_and_what_was_deleted_comes_back(installed: Path) -> None:
    model, checkpoint = own_example()
    model.write_text("# mine", encoding="utf-8")
    checkpoint.unlink()
    own_example()
    assert model.read_text(encoding="utf-8") == "# mine"
    assert checkpoint.is_file()


def test_that_where_nothing_can_be_written_it_can_be_looked_at(installed: Path) -> None:
    installed.parent.write_text("a file where a folder has to be")
    assert own_example() == example_files()
