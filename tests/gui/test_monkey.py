"""A monkey: hypothesis presses commands of the table in any order, selects and filters; what breaks is told as the shortest such order.

After each order nothing was raised, no process is left (``tests/conftest.py`` looks), and there is one selection, which every panel shows
or of which it shows nothing. ``TORCHLOUPE_MONKEY_SECONDS=60`` lets it go on for a minute, from another beginning each time.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QModelIndex
from PySide6.QtWidgets import QApplication, QTableView

from gui import panel_data, rich_window
from gui.conftest import PATIENCE_MS, failing_run, good_run
from gui.rich_window import wait_until_idle
from torchloupe.gui.main_window import MainWindow
from torchloupe.gui.settings import Settings
from torchloupe.gui.start_up import real_session
from torchloupe.session.scripted import ScriptedSession
from torchloupe.wire.contents import StoredTensor
from torchloupe.wire.problems import Problem
from torchloupe.wire.requests import Failed, OpenTarget, RunForward

SECONDS = float(os.environ.get("TORCHLOUPE_MONKEY_SECONDS", "0"))
ENDS_THE_WINDOW = {"quit", "view.full_screen"}
FILTERS = ("", "fc1", "conv -bias", "[*,3]", "dtype:float32", "nothing at all", "(", '"')
DEAD = [Failed((Problem("worker-died", "The worker crashed."),))]

Deed = tuple[str, int]


class Monkey:
    """Does deeds in a window: a word and a number that says which of the possible ones."""

    def __init__(self, window: Any, qtbot: Any) -> None:
        self.window, self.qtbot = window, qtbot

    def do(self, deed: Deed) -> None:
        """One."""
        word, number = deed
        deeds: dict[str, Callable[[int], object]] = {
            "row": self.choose_row,
            "module": self.choose_module,
            "call": self.choose_call,
            "key": self.choose_key,
            "filter": self.filter,
            "wait": lambda _number: wait_until_idle(self.window, self.qtbot),
        }
        deeds.get(word, lambda _number: self.press(word))(number)
        QApplication.processEvents()

    def press(self, action_id: str) -> None:
        """A command, if it makes sense now; what opens above the window is closed."""
        action = self.window.actions_by_id[action_id]
        self.window.actions_by_id.refresh()
        action.trigger()
        QApplication.processEvents()
        for top in QApplication.topLevelWidgets():
            if top.isVisible() and top is not self.window and not top.windowTitle().startswith("panel"):
                top.close()

    def choose_row(self, number: int) -> None:
        """A row of a table that is on the screen, as a click chooses it."""
        tables = [each for each in self.window.findChildren(QTableView) if each.isVisible() and each.model().rowCount()]
        if tables:
            table = tables[number % len(tables)]
            table.setCurrentIndex(table.model().index(number % table.model().rowCount(), 0, QModelIndex()))

    def choose_module(self, number: int) -> None:
        """A module, as a link does."""
        model = self.window.workbench.model
        if model is not None:
            self.window.workbench.select_module(model.tree.modules[number % len(model.tree.modules)].path)

    def choose_call(self, number: int) -> None:
        """A call of the last run."""
        calls = sorted(self.window.workbench.calls)
        if calls:
            self.window.workbench.select_call(calls[number % len(calls)])

    def choose_key(self, number: int) -> None:
        """A tensor of the checkpoint."""
        contents = self.window.workbench.checkpoint
        if contents is not None:
            self.window.workbench.select_stored(contents.tensors[number % len(contents.tensors)])

    def filter(self, number: int) -> None:
        """Words into the filter of a panel that was built."""
        panels = [each.inside() for each in self.window.docks.panels.values() if each.is_built]
        tables = [each.table for each in panels if hasattr(each, "table")]
        if tables:
            tables[number % len(tables)].filter.setText(FILTERS[number % len(FILTERS)])


def assert_consistent(window: Any) -> None:
    """One selection, of things that are there; every panel shows it, or nothing."""
    bench, selection = window.workbench, window.workbench.selection
    assert selection.call is None or selection.call in bench.calls
    assert selection.stored is None or selection.stored in bench.checkpoint.tensors
    assert selection.problem is None or selection.problem in bench.problems
    assert selection.module is None or selection.module in {module.path for module in bench.model.tree.modules}
    assert (bench.checkpoint is None) == (bench.container == "")
    assert bench.model is not None or not bench.calls
    assert not bench.running
    shown = {name: panel.inside() for name, panel in window.docks.panels.items() if panel.is_built}
    if "calls" in shown and selection.operation is None:
        assert shown["calls"].table.current_key() in (None, selection.call)
    if "modules" in shown and selection.module is not None:  # what has no module leaves the tree where it was
        key = shown["modules"].tree.current_key()
        assert (key[0] if isinstance(key, tuple) else key) in (None, selection.module, selection.hidden)
    if "checkpoint" in shown and selection.stored is not None:
        entry = shown["checkpoint"]._entry(shown["checkpoint"].table.current_key())
        assert not isinstance(entry, StoredTensor) or entry == selection.stored  # a group of keys is nothing one can select
    if "problems" in shown:
        number = shown["problems"].table.current_key()
        assert number is None or bench.problems[number] == selection.problem
    for action_id in ("run.cancel", "go.back", "close.model", "close.checkpoint"):
        window.actions_by_id.refresh()
        wanted = window.actions_by_id.table[action_id].when
        assert window.actions_by_id[action_id].isEnabled() == (wanted is None or wanted())


def scripted_window() -> Any:
    """A window whose worker answers at once: runs that succeed, fail and die in turn."""
    runs = iter(range(10_000))
    results = (failing_run(), good_run(), DEAD)
    script = {**rich_window.script(), OpenTarget: [panel_data.opened()]}
    script[RunForward] = lambda _message: list(results[next(runs) % 3]) if (next(runs) % 7) else failing_run()
    return MainWindow(lambda _python, _log: ScriptedSession(script), "/usr/bin/python3", Settings(None), True)


def let_loose(window: Any, deeds: list[Deed], qtbot: Any, fill: Callable[[Any], object]) -> None:
    """Fill a window, do the deeds, look, close."""
    window.resize(1280, 800)
    window.show()
    try:
        fill(window)
        monkey = Monkey(window, qtbot)
        for deed in deeds:
            monkey.do(deed)
        wait_until_idle(window, qtbot)
        assert_consistent(window)
        assert window.isVisible()
    finally:
        window.close()
        window.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def actions_of_the_table(window: Any) -> list[str]:
    return sorted(set(window.actions_by_id.by_id) - ENDS_THE_WINDOW)


def deeds_of(actions: list[str]) -> st.SearchStrategy[list[Deed]]:
    """Every second deed is a command."""
    others = st.sampled_from(["row", "row", "module", "call", "key", "filter", "wait"])
    return st.lists(st.tuples(st.sampled_from(actions) | others, st.integers(0, 40)), min_size=0, max_size=40)


@pytest.fixture
def actions(window: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What can be pressed; no editor is started."""
    monkeypatch.setenv("PATH", "/nowhere")
    return actions_of_the_table(window)


def test_that_no_order_of_commands_breaks_the_window_and_there_is_one_selection(actions: list[str], qtbot: Any) -> None:
    phases, checks = [Phase.generate, Phase.shrink], list(HealthCheck)

    @settings(max_examples=int(SECONDS) or 8, derandomize=not SECONDS, phases=phases, suppress_health_check=checks, deadline=None)
    @given(deeds_of(actions))
    def any_order(deeds: list[Deed]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            let_loose(scripted_window(), deeds, qtbot, lambda window: rich_window.fill(window, qtbot, Path(folder)))

    any_order()


def test_that_the_monkey_knows_every_command_but_those_that_end_it(window: Any) -> None:
    assert len(actions_of_the_table(window)) > 100
    assert set(window.actions_by_id.table) - set(actions_of_the_table(window)) == ENDS_THE_WINDOW


def test_that_the_monkey_would_notice_two_selections(make_window: Any, qtbot: Any, tmp_path: Path) -> None:
    window = make_window(rich_window.script())
    rich_window.fill(window, qtbot, tmp_path)
    assert_consistent(window)
    window.docks.raise_panel("calls")
    calls = window.docks.panels["calls"].inside().table
    calls.select_key(next(key for key in sorted(window.workbench.calls) if key != window.workbench.selection.call))
    with pytest.raises(AssertionError):
        assert_consistent(window)


@pytest.mark.skipif(not SECONDS, reason="TORCHLOUPE_MONKEY_SECONDS=60 lets it go on for a minute, with real workers, too")
@pytest.mark.timeout(3600)
def test_that_a_monkey_with_a_minute_and_real_workers_breaks_nothing(actions: list[str], qtbot: Any) -> None:
    from torchloupe.gui.example import example_files

    seed, end, rounds = random.SystemRandom().randrange(2**32), time.monotonic() + SECONDS, 0
    print(f"seed {seed}")
    chance = random.Random(seed)
    words = [*actions, *["row", "module", "call", "key", "filter", "wait", "run.forward"] * 8]
    while time.monotonic() < end:
        deeds = [(chance.choice(words), chance.randrange(40)) for _ in range(60)]
        window: Any = MainWindow(real_session, sys.executable, Settings(None), True)

        def fill(opened: Any) -> None:
            opened.open_paths(example_files())
            qtbot.waitUntil(lambda: opened.workbench.model is not None, timeout=PATIENCE_MS)

        print(deeds)
        let_loose(window, deeds, qtbot, fill)
        rounds += 1
    print(f"{rounds} windows, {60 * rounds} deeds")
