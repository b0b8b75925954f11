"""The menu Model."""

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QMenu

from gui import panel_data
from gui.conftest import PATIENCE_MS, MakeWindow
from torchloupe.gui.settings import ALL_BELOW, FOLD_BLOCKS
from torchloupe.wire.registration import Initialisation, RecognisedInitialisation, RecogniseInitialisation
from torchloupe.wire.requests import FetchedStats, FetchStats


def answers(message: Any) -> list[Any]:
    if isinstance(message, FetchStats):
        return [FetchedStats(message.key, panel_data.stats(8))]
    return [RecognisedInitialisation(tuple(Initialisation(key, "zeros") for key in message.keys))]


@pytest.fixture
def window(make_window: MakeWindow, qtbot: Any, model_file: Path) -> Any:
    """With the classifier open."""
    made: Any = make_window({FetchStats: answers, RecogniseInitialisation: answers})
    made.open_paths([model_file])
    qtbot.waitUntil(lambda: made.workbench.model is not None, timeout=PATIENCE_MS)
    made.panel = made.docks.panels["modules"].inside()
    return made


def test_that_the_menu_stands_between_run_and_view(window: Any) -> None:
    menus = [menu.text().replace("&", "") for menu in window.menuBar().actions()]
    assert menus == ["File", "Edit", "Go", "Run", "Model", "Mapping", "View", "Help"]


def test_that_what_needs_a_model_is_off_without_one(window: Any) -> None:
    window.opening.close_model()
    window.actions_by_id.refresh()
    off = {
        name
        for name in ("what_if", "summary", "values", "fold", "below", "columns")
        if not window.actions_by_id[f"model.{name}"].isEnabled()
    }
    assert off == {"what_if", "summary", "values", "below", "columns"}


@pytest.mark.parametrize(("action", "setting"), [("model.fold", FOLD_BLOCKS), ("model.below", ALL_BELOW)])
def test_that_switches_are_switched_and_remembered(window: Any, action: str, setting: str) -> None:
    assert window.actions_by_id[action].isChecked()
    window.actions_by_id[action].trigger()
    assert window.settings.text(setting) == "0"
    window.actions_by_id.refresh()
    assert not window.actions_by_id[action].isChecked()
    window.actions_by_id[action].trigger()
    assert window.settings.text(setting) == "1"


def test_that_folding_steers_the_tree(window: Any) -> None:
    window.actions_by_id["model.fold"].trigger()
    assert not window.panel.tree_model.folded
    window.actions_by_id["model.below"].trigger()
    assert not window.panel.below.all_below.isChecked()


def test_that_the_values_of_all_listed_parameters_are_read(window: Any, qtbot: Any) -> None:
    window.workbench.select_module("head.fc2")
    window.actions_by_id["model.values"].trigger()
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    column = window.panel.below.columns.titles.index("Initialisation")
    assert panel_data.shown_column(window.panel.parameters, column) == ["zeros", "zeros"]


def test_that_a_place_that_is_wanted_comes_to_the_front(window: Any, qtbot: Any, model_file: Path) -> None:
    window.workbench.source_wanted.emit(str(model_file), 4)
    assert window.docks.tabs.currentWidget().place.id == "source"
    source = window.docks.panels["source"].inside()
    qtbot.waitUntil(lambda: source.code.marked == 4, timeout=PATIENCE_MS)


def test_that_columns_are_chosen_from_a_menu_and_kept(window: Any, qtbot: Any) -> None:
    window.panel.columns.show_columns(["Settings"])
    assert "Settings" not in window.settings.texts("columns/modules")
    assert "Hooks" in window.settings.texts("columns/modules")


@pytest.mark.parametrize("name", ["calls", "depth"])
def test_that_the_columns_are_those_of_the_panel_that_has_the_focus(window: Any, qtbot: Any, name: str) -> None:
    panel_data.run_well(window.workbench)
    window.docks.focus_panel(name)
    panel = window.docks.panels[name].inside()
    qtbot.waitUntil(panel.isVisible, timeout=PATIENCE_MS)
    panel.focus_filter()
    window.actions_by_id["model.columns"].trigger()
    menu = panel.table.findChild(QMenu)
    assert [action.text() for action in menu.actions()] == panel.columns.titles[1:]
    hidden = panel.columns.hidden[0]
    next(action for action in menu.actions() if action.text() == hidden).trigger()
    assert hidden not in panel.columns.hidden
    assert hidden not in window.settings.texts(f"columns/{name}")
    menu.close()
