"""Large models in the Modules panel: arranged on a thread, with the same rows as small ones."""

import gc
from typing import Any

import pytest
from PySide6.QtTest import QTest

from gui import panel_data
from gui.panel_data import open_panel, opened, shown_column
from torchloupe.gui.modules import building
from torchloupe.gui.modules.building import AT_ONCE, BuildTree
from torchloupe.gui.modules.panel import ModulesPanel
from torchloupe.gui.workbench import Selection
from torchloupe.wire.modules import ModuleEntry, ModuleTree


def module(path: str, class_name: str = "Linear") -> ModuleEntry:
    return ModuleEntry(path, class_name, 0, 0, 0, training=True)


def tree_of(blocks: int) -> ModuleTree:
    """A root, and blocks of three modules."""
    modules = [module("", "Net")]
    for number in range(blocks):
        modules += [module(f"b{number}", "Block"), module(f"b{number}.fc"), module(f"b{number}.act", "ReLU")]
    return ModuleTree(tuple(modules), panel_data.tree().parameters)


LARGE = tree_of(AT_ONCE // 3 + 10)


@pytest.fixture
def panel(qtbot: Any) -> ModulesPanel:
    return open_panel(qtbot, ModulesPanel)


def wait_until_built(qtbot: Any, panel: ModulesPanel) -> None:
    qtbot.waitUntil(lambda: not panel.bench_jobs.busy)


def test_that_a_tree_is_arranged_by_position_path_and_owner() -> None:
    built = BuildTree(panel_data.tree())()
    assert [built.position[entry.path] for entry in built.tree.modules] == list(range(len(panel_data.MODULES)))
    assert built.outline.parent[built.position["head.fc2"]] == built.position["head"]
    assert [entry.key for entry in built.index.owned["head.fc2"]] == ["head.fc2.weight", "head.fc2.bias"]
    assert all(built.is_open)


def test_that_of_a_tree_that_does_not_fit_only_the_root_is_open() -> None:
    before = BuildTree(tree_of(200))()
    assert [place for place, is_open in enumerate(before.is_open) if is_open] == [0]


def test_that_what_a_filter_looks_into_is_made_beforehand_where_that_takes_long() -> None:
    assert not BuildTree(tree_of(3))().haystacks
    assert len(BuildTree(LARGE)().haystacks) == len(LARGE.modules)


@pytest.mark.parametrize("on", [True, False])
def test_that_the_collector_is_as_before(on: bool) -> None:
    (gc.enable if on else gc.disable)()
    try:
        BuildTree(LARGE)()
        assert gc.isenabled() is on
    finally:
        gc.enable()


def test_that_a_large_model_comes_from_a_thread_and_looks_like_a_small_one(panel: ModulesPanel, qtbot: Any) -> None:
    panel.workbench.set_model(opened(tree=LARGE))
    assert panel.tree_model.rowCount() == 0
    assert panel.bench_jobs.runs("modules")
    wait_until_built(qtbot, panel)
    assert shown_column(panel.tree, 0)[:3] == ["(model)", "b0", "b1"]
    assert len(shown_column(panel.parameters, 0)) == len(panel_data.PARAMETERS)
    assert panel.below.heading.text() == "the model: 10 parameters, 1 buffer"


def test_that_a_module_that_was_selected_meanwhile_is_shown_once_it_is_there(panel: ModulesPanel, qtbot: Any) -> None:
    panel.workbench.set_model(opened(tree=LARGE))
    panel.workbench.select(Selection(module="b3.fc"))
    wait_until_built(qtbot, panel)
    assert panel.tree.current_key() == "b3.fc"


def test_that_a_model_that_was_closed_meanwhile_does_not_appear(panel: ModulesPanel, qtbot: Any) -> None:
    panel.workbench.set_model(opened(tree=LARGE))
    panel.workbench.set_model(None)
    wait_until_built(qtbot, panel)
    QTest.qWait(0)
    assert panel.tree_model.rowCount() == 0
    assert not panel.below.isVisible()


def test_that_a_small_model_that_was_opened_meanwhile_stays(panel: ModulesPanel, qtbot: Any) -> None:
    panel.workbench.set_model(opened(tree=LARGE))
    panel.workbench.set_model(opened())
    wait_until_built(qtbot, panel)
    assert panel.tree_model.tree == panel_data.tree()


def test_that_modules_that_were_open_stay_open_when_a_large_model_is_loaded_anew(panel: ModulesPanel, qtbot: Any) -> None:
    for _ in range(2):
        panel.workbench.set_model(opened(tree=LARGE))
        wait_until_built(qtbot, panel)
        if panel.tree_model.rowCount() == 1 + AT_ONCE // 3 + 10:
            panel.tree_model.toggle(1)
    assert shown_column(panel.tree, 0)[1:4] == ["b0", "fc", "act"]


@pytest.mark.parametrize("ran", [False, True])
def test_that_a_large_model_is_filtered_before_and_after_a_run(
    panel: ModulesPanel, qtbot: Any, monkeypatch: pytest.MonkeyPatch, ran: bool
) -> None:
    monkeypatch.setattr(building, "AT_ONCE", 3)
    panel.workbench.set_model(opened())
    wait_until_built(qtbot, panel)
    if ran:
        panel.workbench.add_calls(panel_data.failing_calls())
        panel.workbench.end_run(panel_data.report(calls=8))
    panel.tree_model.set_filter("fc2")
    assert "fc2" in shown_column(panel.tree, 0)
    assert "conv1" not in shown_column(panel.tree, 0)


def test_that_rows_that_were_open_stay_open_by_their_keys() -> None:
    before = BuildTree(tree_of(200))()
    mask = bytearray(len(before.entries))
    mask[before.position["b7"]] = 1
    built = BuildTree(tree_of(150), was_open=(before.entries, bytes(mask)))()
    assert [place for place, is_open in enumerate(built.is_open) if is_open] == [0, built.position["b7"]]
