"""A home folder that cannot be written to: the window opens, works, and says once what it cannot keep."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject

from torchloupe.gui.settings import Settings
from torchloupe.gui.windows import Windows
from torchloupe.gui.wish import Wish


class Window(QObject):
    """A window as far as ``Windows`` looks, and what is said in it."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def say(self, text: str, *_: object) -> None:
        self.said.append(text)


@pytest.fixture
def in_the_way(tmp_path: Path) -> Path:
    """A folder that cannot be made, not even by root."""
    (tmp_path / "config").write_text("a file where a folder has to be")
    return tmp_path / "config/torchloupe"


def test_that_what_is_not_kept_is_said_in_the_first_window(
    in_the_way: Path, qapp: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Window] = []
    windows = Windows(lambda *_: None, in_the_way / "session")  # type: ignore[arg-type,return-value]

    def new_window(_python: str, _paths: list[str], then: Any) -> None:
        shown.append(Window())
        then(shown[-1])

    monkeypatch.setattr(windows, "_new_window", new_window)
    windows.start(Wish())
    windows.end()
    assert len(shown) == 1
    assert len(shown[0].said) == 1
    assert f"nothing can be written to {in_the_way / 'session'}" in shown[0].said[0]


def test_that_settings_that_cannot_be_written_are_kept_until_the_window_closes(in_the_way: Path, qapp: object) -> None:
    settings = Settings(in_the_way / "window.ini")
    settings.set_text("theme", "dark")
    settings.remember_interpreter("/usr/bin/python3", Path("/models"))
    assert settings.text("theme") == "dark"
    assert settings.interpreter_for(Path("/models")) == "/usr/bin/python3"
    assert not (in_the_way / "window.ini").exists()
