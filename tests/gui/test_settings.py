"""What is remembered from one start to the next."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QByteArray

from torchloupe.gui.settings import RECENT_COUNT, Settings
from torchloupe.gui.trust import Trust


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the settings of a test lie."""
    return tmp_path / "window.ini"


@pytest.mark.parametrize("values", [[], ["one"], ["one", "two"], ["модель v2 #1.pt", 'with "quotes", commas;', ""]])
def test_that_a_list_of_texts_comes_back_as_it_was(file: Path, values: list[str]) -> None:
    Settings(file).set_texts("list", values)
    assert Settings(file).texts("list") == values


def test_that_text_and_bytes_come_back_as_they_were(file: Path) -> None:
    kept = Settings(file)
    kept.set_text("theme", "dark")
    kept.set_blob("docks", QByteArray(b"\x00\xff\x01"))
    again = Settings(file)
    assert again.text("theme") == "dark"
    assert bytes(again.blob("docks").data()) == b"\x00\xff\x01"


def test_that_what_was_never_kept_has_a_default(file: Path) -> None:
    settings = Settings(file)
    assert settings.text("theme") == ""
    assert settings.text("theme", "light") == "light"
    assert settings.texts("recent") == []
    assert settings.blob("docks").isEmpty()


def test_that_settings_of_another_version_are_forgotten(file: Path) -> None:
    old = Settings(file)
    old.set_text("theme", "dark")
    old.set_text("version", "0")
    assert Settings(file).text("theme") == ""


def test_that_a_file_of_garbage_is_survived(file: Path) -> None:
    file.write_bytes(b"\x00\x01[[[garbage\nrecent=not json\n")
    settings = Settings(file)
    assert settings.recent() == []


def test_that_a_list_that_is_no_list_is_empty(file: Path) -> None:
    settings = Settings(file)
    settings.set_text("recent", '{"a": 1}')
    assert settings.texts("recent") == []


def test_that_a_fresh_start_reads_and_writes_nothing(file: Path) -> None:
    Settings(file).set_text("theme", "dark")
    fresh = Settings(None)
    assert fresh.text("theme") == ""
    fresh.set_text("theme", "light")
    assert fresh.text("theme") == "light"
    assert Settings(file).text("theme") == "dark"


def test_that_the_latest_file_comes_first_and_each_only_once(file: Path) -> None:
    settings = Settings(file)
    for path in ("a.pt", "b.pt", "a.pt"):
        settings.remember_recent(path, "checkpoint")
    assert [recent.path for recent in settings.recent()] == ["a.pt", "b.pt"]


def test_that_a_pinned_file_stays_on_top_and_stays_pinned_when_it_is_opened_again(file: Path) -> None:
    settings = Settings(file)
    settings.remember_recent("old.pt", "checkpoint")
    settings.pin_recent("old.pt", True)
    settings.remember_recent("new.pt", "checkpoint")
    settings.remember_recent("old.pt", "checkpoint")
    settings.remember_recent("newer.pt", "checkpoint")
    assert [(recent.path, recent.pinned) for recent in settings.recent()] == [
        ("old.pt", True),
        ("newer.pt", False),
        ("new.pt", False),
    ]


def test_that_only_so_many_files_are_kept(file: Path) -> None:
    settings = Settings(file)
    for number in range(RECENT_COUNT + 5):
        settings.remember_recent(f"{number}.pt", "checkpoint")
    assert len(settings.recent()) == RECENT_COUNT
    assert settings.recent()[0].path == f"{RECENT_COUNT + 4}.pt"


def test_that_a_file_can_be_taken_off_the_list(file: Path) -> None:
    settings = Settings(file)
    settings.remember_recent("a.pt", "checkpoint")
    settings.forget_recent("a.pt")
    assert settings.recent() == []


def test_that_an_entry_of_another_shape_is_left_out(file: Path) -> None:
    settings = Settings(file)
    settings.set_texts("recent", ['{"path": "a.pt"}', "nonsense", '{"path": "b.pt", "kind": "checkpoint", "opened_at": 1.0}'])
    assert [recent.path for recent in settings.recent()] == ["b.pt"]


# trust


def allows(trust: Trust, file: Path) -> bool:
    """What it finds out."""
    said: list[bool] = []
    trust.find_out(file, said.append)
    return said.pop()


def asking(trust: Trust, answer: bool) -> list[Path]:
    """Let it ask; the folders it asked about."""
    asked: list[Path] = []

    def ask(folder: Path, say: Callable[[bool], None]) -> None:
        asked.append(folder)
        say(answer)

    trust.ask = ask
    return asked


def test_that_a_folder_is_asked_about_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCHLOUPE_TRUST", raising=False)
    settings = Settings(None)
    trust = Trust(settings)
    asked = asking(trust, True)
    assert allows(trust, tmp_path / "model.py")
    assert allows(trust, tmp_path / "other.py")
    assert allows(trust, tmp_path / "below" / "third.py")
    assert asked == [tmp_path]


def test_that_a_refused_folder_is_asked_about_again(tmp_path: Path) -> None:
    trust = Trust(Settings(None))
    asked = asking(trust, False)
    assert not allows(trust, tmp_path / "model.py")
    assert not allows(trust, tmp_path / "model.py")
    assert asked == [tmp_path, tmp_path]


def test_that_trust_in_a_folder_is_none_in_the_folder_above(tmp_path: Path) -> None:
    trust = Trust(Settings(None))
    trust.allow(tmp_path / "below")
    asked = asking(trust, False)
    assert not allows(trust, tmp_path / "model.py")
    assert asked == [tmp_path]


def test_that_trust_is_remembered(file: Path, tmp_path: Path) -> None:
    Trust(Settings(file)).allow(tmp_path)
    assert allows(Trust(Settings(file)), tmp_path / "model.py")


def test_that_nothing_is_trusted_before_somebody_can_ask(tmp_path: Path) -> None:
    assert not allows(Trust(Settings(None)), tmp_path / "model.py")


@pytest.mark.parametrize(("option", "variable", "trusted"), [(True, "", True), (False, "1", True), (False, "0", False)])
def test_that_an_option_or_a_variable_trusts_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: bool, variable: str, trusted: bool
) -> None:
    monkeypatch.setenv("TORCHLOUPE_TRUST", variable)
    assert allows(Trust(Settings(None), option), tmp_path / "model.py") is trusted


def test_that_each_folder_has_the_interpreter_that_was_last_used_there(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "window.ini")
    assert settings.interpreter_for(tmp_path) == ""
    settings.remember_interpreter("/a/python", tmp_path / "a")
    settings.remember_interpreter("ssh host python3", tmp_path / "b")
    settings.remember_interpreter("/c/python", None)
    again = Settings(tmp_path / "window.ini")
    assert again.interpreter_for(tmp_path / "a") == "/a/python"
    assert again.interpreter_for(tmp_path / "b") == "ssh host python3"
    assert again.interpreter_for(tmp_path / "new") == again.interpreter_for(None) == "/c/python"


@pytest.mark.parametrize("held", [b"\x00\xff garbage [[[", b"[General]\nversion=99\ntheme=dark\n", b"theme=dark"])
def test_that_settings_that_cannot_be_understood_are_put_aside_with_a_sentence(tmp_path: Path, held: bytes) -> None:
    file = tmp_path / "window.ini"
    file.write_bytes(held)
    settings = Settings(file)
    assert settings.trouble == (
        "The settings cannot be understood, so everything is as at first. They were put aside as window.broken."
    )
    assert (tmp_path / "window.broken").read_bytes() == held
    assert settings.text("theme") == ""
    settings.set_text("theme", "light")
    assert Settings(file).text("theme") == "light"
    assert Settings(file).trouble == ""


def test_that_the_first_start_has_nothing_to_put_aside(tmp_path: Path) -> None:
    assert Settings(tmp_path / "window.ini").trouble == ""
    (tmp_path / "empty.ini").touch()
    assert Settings(tmp_path / "empty.ini").trouble == ""
    assert Settings(None).trouble == ""
    assert not (tmp_path / "window.broken").exists()


def test_that_the_window_says_so(make_window: Any, tmp_path: Path, qtbot: Any) -> None:
    from torchloupe.gui.restoring import Restoring

    (tmp_path / "window.ini").write_text("torn", encoding="utf-8")
    window = make_window(settings=Settings(tmp_path / "window.ini"))
    room = window.findChildren(Restoring)[0]
    qtbot.waitUntil(lambda: room.bar is not None)
    assert "put aside as window.broken" in room.bar.label.text()
