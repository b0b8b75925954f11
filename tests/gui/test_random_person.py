"""A person who presses anything: whatever the order, no exception, and what is shown agrees with what is open and selected."""

import random
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QTableView

from gui import panel_data
from gui.conftest import PATIENCE_MS, failing_run, good_run
from torchloupe.analysis.row_filter import row_filter
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, RunForward

NOT_PRESSED = {
    "quit",
    "open.checkpoint",
    "open.other",
    "open.model",
    "open.example",
    "worker.interpreter",
    "run.arguments",
    "go.source",
    "view.full_screen",
}
"""What ends the window or opens a dialog of the system."""
FILTERS = ("", "fc1", "conv -bias", "[*,3]", "dtype:float32", "nothing at all", "+head", "(", "[", '"', "module.")
STEPS = 60
DEAD = Failed((Problem("worker-died", "The worker crashed."),))


class Person:
    """Does one random thing after the other; the seed decides."""

    def __init__(self, window: Any, seed: int) -> None:
        self.window = window
        self.random = random.Random(seed)
        self.done: list[str] = []

    def act(self) -> None:
        """Something."""
        choice = self.random.choice((self.press, self.press, self.press, self.click_row, self.filter, self.drop, self.select))
        self.done.append(choice.__name__)
        choice()

    def press(self) -> None:
        """A command that makes sense now."""
        actions = self.window.actions_by_id
        enabled = [name for name in actions.by_id if name not in NOT_PRESSED and actions[name].isEnabled()]
        name = self.random.choice(enabled)
        self.done[-1] = name
        actions[name].trigger()
        for dialog in QApplication.topLevelWidgets():
            if dialog.isVisible() and dialog is not self.window and dialog.isModal():
                dialog.close()
        for popup in [widget for widget in QApplication.topLevelWidgets() if widget.isVisible() and widget is not self.window]:
            popup.close()

    def click_row(self) -> None:
        """A row of a table that is on the screen."""
        tables = [table for table in self.window.findChildren(QTableView) if table.isVisible() and table.model().rowCount()]
        if not tables:
            return
        table = self.random.choice(tables)
        index = table.model().index(self.random.randrange(table.model().rowCount()), 0, QModelIndex())
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(index).center())
        QTest.keyClick(
            table, self.random.choice((Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_End))
        )

    def filter(self) -> None:
        """Text into a field that is on the screen."""
        fields = [field for field in self.window.findChildren(QLineEdit) if field.isVisible() and field.isEnabled()]
        fields = [field for field in fields if not isinstance(field.parent(), QComboBox)]
        if fields:
            self.random.choice(fields).setText(self.random.choice(FILTERS))

    def drop(self) -> None:
        """A checkpoint or nothing."""
        self.window.workbench.set_checkpoint(self.random.choice((panel_data.checkpoint(), panel_data.checkpoint(), None)))

    def select(self) -> None:
        """Something through the workbench, as a link in Details does."""
        bench = self.window.workbench
        if bench.model is not None:
            bench.select_module(self.random.choice(bench.model.tree.modules).path)
        if bench.calls and self.random.random() < 0.5:
            bench.select_call(self.random.choice(sorted(bench.calls)))
        if bench.checkpoint is not None and self.random.random() < 0.3:
            bench.select_stored(self.random.choice(bench.checkpoint.tensors))


def assert_consistent(window: Any) -> None:
    """What is selected exists; what is enabled can be done."""
    bench, selection = window.workbench, window.workbench.selection
    if selection.call is not None:
        assert selection.call in bench.calls
    if selection.stored is not None:
        assert bench.checkpoint is not None
        assert selection.stored in bench.checkpoint.tensors
    if bench.diff is not None:
        assert bench.model is not None
        assert bench.checkpoint is not None
        assert sum(bench.diff.counts.values()) == len(bench.diff.rows)
    assert (bench.checkpoint is None) == (bench.container == "")
    assert not bench.running or window.jobs.busy


@pytest.mark.parametrize("seed", range(6))
def test_that_no_order_of_commands_clicks_and_filters_breaks_the_window(
    seed: int, make_window: Any, qtbot: Any, model_file: Any
) -> None:
    runs = [good_run(), failing_run(), [DEAD]]
    ask = random.Random(seed)
    window = make_window({RunForward: lambda _message: list(ask.choice(runs))} if seed % 2 else None)
    window.open_paths([model_file])
    qtbot.waitUntil(lambda: window.workbench.model is not None, timeout=PATIENCE_MS)
    person = Person(window, seed)
    for _ in range(STEPS):
        person.act()
        QApplication.processEvents()
        if ask.random() < 0.3:
            qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
            assert_consistent(window)
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=PATIENCE_MS)
    assert_consistent(window)
    assert window.isVisible()


@pytest.mark.parametrize("text", FILTERS)
def test_that_every_filter_a_person_may_type_is_understood_or_matches_nothing(text: str) -> None:
    matches = row_filter(text, ("Key", "Dtype"))
    assert matches is not None


def test_that_no_two_commands_share_a_key(window: Any) -> None:
    owners: dict[str, list[str]] = {}
    for name, action in window.actions_by_id.by_id.items():
        for keys in action.shortcuts():
            owners.setdefault(keys.toString(QKeySequence.SequenceFormat.PortableText), []).append(name)
    assert {keys: names for keys, names in owners.items() if len(names) > 1} == {}


@pytest.mark.parametrize(
    ("keys", "action"),
    [
        ("Ctrl+O", "open.checkpoint"),
        ("Ctrl+Shift+O", "open.model"),
        ("Ctrl+Shift+P", "go.palette"),
        ("Ctrl+P", "go.to"),
        ("Ctrl+F", "edit.filter"),
        ("F5", "run.forward"),
        ("Shift+F5", "run.cancel"),
        ("Ctrl+R", "reload"),
        ("F8", "go.next_problem"),
        ("Shift+F8", "go.previous_problem"),
        ("Alt+Down", "go.next_difference"),
        ("Alt+Up", "go.previous_difference"),
        ("Ctrl+Down", "go.next_call"),
        ("Ctrl+Up", "go.previous_call"),
        ("Alt+Left", "go.back"),
        ("Alt+Right", "go.forward"),
        ("Ctrl+E", "go.source"),
        ("Ctrl+B", "view.left"),
        ("Ctrl+J", "view.bottom"),
        ("Ctrl+C", "edit.copy"),
        ("Ctrl+Shift+C", "edit.copy_path"),
        ("F11", "view.full_screen"),
        ("F1", "help.keys"),
        ("Ctrl+Q", "quit"),
    ],
)
def test_that_the_keys_of_the_design_do_what_it_says(keys: str, action: str, window: Any) -> None:
    shortcuts = window.actions_by_id[action].shortcuts()
    assert keys in [shortcut.toString(QKeySequence.SequenceFormat.PortableText) for shortcut in shortcuts]
