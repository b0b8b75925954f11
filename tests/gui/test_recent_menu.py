"""The menu of recently opened files."""

import pytest
from PySide6.QtWidgets import QWidget

from torchloupe.gui.recent_menu import SHOWN, RecentMenu
from torchloupe.gui.settings import Settings


@pytest.fixture
def settings():
    return Settings(None)


@pytest.fixture
def parent(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    return parent


@pytest.fixture
def menu(settings, parent):
    menu = RecentMenu(settings, lambda path: menu.chosen.append(path), parent)
    menu.chosen = []
    return menu


def entries(menu):
    menu.aboutToShow.emit()
    return menu.actions()


def test_that_an_empty_menu_says_so_and_offers_nothing(menu):
    [entry] = entries(menu)
    assert not entry.isEnabled()
    assert "Nothing" in entry.text()


def test_that_the_menu_is_filled_when_it_opens_the_last_file_first(menu, settings):
    assert len(entries(menu)) == 1
    settings.remember_recent("/models/one.pt", "checkpoint")
    settings.remember_recent("/models/two.py", "model")
    assert [entry.text() for entry in entries(menu)] == ["/models/two.py", "/models/one.pt"]
    assert [entry.text() for entry in entries(menu)] == ["/models/two.py", "/models/one.pt"]


def test_that_each_entry_opens_its_own_file(menu, settings):
    for name in ("one", "two", "three"):
        settings.remember_recent(f"/models/{name}.pt", "checkpoint")
    for entry in entries(menu):
        entry.trigger()
    assert menu.chosen == ["/models/three.pt", "/models/two.pt", "/models/one.pt"]


def test_that_an_ampersand_in_a_path_is_no_key(menu, settings):
    settings.remember_recent("/models/a&b.pt", "checkpoint")
    [entry] = entries(menu)
    assert entry.text() == "/models/a&&b.pt"
    entry.trigger()
    assert menu.chosen == ["/models/a&b.pt"]


def test_that_only_the_last_files_are_shown(menu, settings):
    for number in range(SHOWN + 5):
        settings.remember_recent(f"/models/{number}.pt", "checkpoint")
    assert len(entries(menu)) == SHOWN
