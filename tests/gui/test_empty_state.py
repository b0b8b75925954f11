"""What stands in a panel with nothing to show."""

from typing import Any

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow

from torchloupe.gui.empty_state import EmptyState


@pytest.fixture
def window(qtbot: Any) -> QMainWindow:
    made = QMainWindow()
    qtbot.addWidget(made)
    action = QAction("Open &model…", made)
    action.setObjectName("open.model")
    action.setShortcut("Ctrl+Shift+O")
    made.opened = 0
    action.triggered.connect(lambda: setattr(made, "opened", made.opened + 1))
    return made


def test_that_a_sentence_alone_has_no_button(qtbot: Any) -> None:
    state = EmptyState("Nothing here.")
    qtbot.addWidget(state)
    state.show()
    assert state.label.text() == "Nothing here."
    assert not state.button.isVisible()


def test_that_a_button_does_its_next_step(qtbot: Any) -> None:
    pressed: list[int] = []
    state = EmptyState("Nothing matches.", "Clear filter", lambda: pressed.append(1))
    qtbot.addWidget(state)
    state.button.click()
    assert pressed == [1]


def test_that_a_command_of_the_window_is_offered_with_its_key(window: QMainWindow) -> None:
    state = EmptyState()
    state.offer("No model yet.", "open.model")
    assert state.button.isHidden()
    window.setCentralWidget(state)
    window.show()
    assert state.button.isVisible()
    assert state.button.text() == "Open model…  Ctrl+Shift+O"
    state.button.click()
    assert window.opened == 1


def test_that_an_unknown_command_is_not_offered(window: QMainWindow) -> None:
    state = EmptyState()
    window.setCentralWidget(state)
    state.offer("No model yet.", "no.such")
    window.show()
    assert not state.button.isVisible()


def test_that_a_later_sentence_takes_the_offer_away(window: QMainWindow) -> None:
    state = EmptyState()
    window.setCentralWidget(state)
    window.show()
    state.offer("No model yet.", "open.model")
    assert state.button.isVisible()
    state.set_text("Running …")
    window.hide()
    window.show()
    assert not state.button.isVisible()


def test_that_a_command_is_offered_only_while_it_can_be_given(window: QMainWindow) -> None:
    action = window.findChild(QAction, "open.model")
    assert action is not None
    action.setEnabled(False)
    state = EmptyState()
    state.offer("No model yet.", "open.model")
    window.setCentralWidget(state)
    window.show()
    assert not state.button.isVisible()
    action.setEnabled(True)
    assert state.button.isVisible()
    state.set_text("Running …")
    action.setEnabled(False)
    action.setEnabled(True)
    assert not state.button.isVisible()
