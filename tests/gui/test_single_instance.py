"""A second start hands over what it was asked for, and ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtNetwork import QLocalSocket

from gui.conftest import PATIENCE_MS
from torchloupe.gui import single_instance
from torchloupe.gui.instance_name import instance_name
from torchloupe.gui.single_instance import FirstInstance, hand_over
from torchloupe.gui.wish import Wish


@pytest.fixture
def name(tmp_path: Path) -> str:
    """Of an instance that no other test and no person runs."""
    return instance_name(tmp_path / "window.ini")


@pytest.fixture
def first(name: str, qtbot: Any) -> Iterator[FirstInstance]:
    instance = FirstInstance(name)
    yield instance
    instance.close()


def handed_over(name: str, wish: Wish, qtbot: Any) -> bool:
    """By another process, while this one turns its event loop."""
    program = "import sys; from torchloupe.gui.single_instance import *; sys.exit(not hand_over(sys.argv[1], wish_of_text(sys.argv[2])))"
    done = subprocess.Popen([sys.executable, "-c", program, name, wish.as_text()])
    qtbot.waitUntil(lambda: done.poll() is not None, timeout=PATIENCE_MS)
    return done.returncode == 0


def test_that_the_name_is_that_of_the_settings_and_its_folder_is_the_users(tmp_path: Path, name: str) -> None:
    assert name != instance_name(tmp_path / "other.ini")
    assert name.startswith(os.environ["XDG_RUNTIME_DIR"])
    assert len(name.encode()) < 100


def test_that_a_wish_reaches_the_first_one(first: FirstInstance, name: str, qtbot: Any) -> None:
    asked: list[Wish] = []
    first.asked.connect(asked.append)
    wish = Wish(("/m/Вес.pt",), goto="fc1", token="abc")
    assert first.listens
    assert handed_over(name, wish, qtbot)
    assert asked == [wish]
    assert handed_over(name, Wish(), qtbot)
    assert asked == [wish, Wish()]


def test_that_only_this_user_may_open_the_socket(first: FirstInstance, name: str) -> None:
    assert os.stat(name).st_mode & 0o077 == 0


def test_that_without_a_first_one_nothing_is_handed_over(name: str, qtbot: Any) -> None:
    assert not hand_over(name, Wish())


def test_that_what_a_crashed_one_left_is_taken_away(name: str, qtbot: Any) -> None:
    Path(name).write_text("", encoding="utf-8")
    instance = FirstInstance(name)
    assert instance.listens
    instance.close()


def test_that_nonsense_is_refused_and_costs_nothing(first: FirstInstance, name: str, qtbot: Any) -> None:
    asked: list[Wish] = []
    first.asked.connect(asked.append)
    for said in (b"hello\n", b"[]\n", b"\xff\xfe\n", b"{}"):
        socket = QLocalSocket()
        socket.connectToServer(name)
        assert socket.waitForConnected(1000)
        socket.write(said)
        socket.flush()
        if said.endswith(b"\n"):
            qtbot.waitUntil(lambda socket=socket: socket.state() == QLocalSocket.LocalSocketState.UnconnectedState)
        socket.abort()
    assert asked == []
    assert handed_over(name, Wish(goto="x"), qtbot)
    assert asked == [Wish(goto="x")]


def test_that_one_that_hangs_is_not_waited_for_for_ever(name: str, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from PySide6.QtNetwork import QLocalServer

    monkeypatch.setattr(single_instance, "PATIENCE_MS", 50)
    deaf = QLocalServer()
    assert deaf.listen(name)
    assert not hand_over(name, Wish())
    deaf.close()
