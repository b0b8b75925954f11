"""What a person looks at is found again after the model was edited."""

from dataclasses import replace

import pytest

from gui import panel_data
from torchloupe.gui.place import place_of
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import HiddenPart


@pytest.fixture
def bench() -> Workbench:
    """The classifier, its checkpoint, and a run that failed."""
    bench = Workbench()
    bench.set_checkpoint(panel_data.checkpoint())
    show(bench, panel_data.MISMATCH)
    return bench


def show(bench: Workbench, *problems: Problem, skip: int = 0, shift: int = 0, tree: ModuleTree | None = None) -> None:
    """Another run: its first calls left out, the others renumbered."""
    calls = panel_data.failing_calls()[skip:]
    bench.set_model(panel_data.opened(tree=tree or panel_data.tree()))
    bench.add_calls([replace(call, index=call.index + shift) for call in calls])
    bench.end_run(panel_data.report(*problems, calls=len(calls)))


def test_that_a_module_is_found_by_its_path(bench: Workbench) -> None:
    bench.select(Selection(module="head.fc2"))
    place = place_of(bench)
    show(bench)
    assert place.find_in(bench)
    assert bench.selection.module == "head.fc2"


def test_that_a_call_is_found_by_its_module_and_number_whatever_its_index_is_now(bench: Workbench) -> None:
    bench.select_call(2)
    module, place = bench.selection.module, place_of(bench)
    show(bench, shift=5)
    assert place.find_in(bench)
    assert (bench.selection.module, bench.selection.call) == (module, 7)


def test_that_a_call_that_is_no_longer_made_leads_to_its_module(bench: Workbench) -> None:
    bench.select_call(0)
    module, place = bench.selection.module, place_of(bench)
    bench.set_model(panel_data.opened())
    assert place.find_in(bench)
    assert (bench.selection.module, bench.selection.call) == (module, None)


def test_that_a_parameter_is_found_by_its_key(bench: Workbench) -> None:
    bench.select_parameter("head.fc1.weight")
    place = place_of(bench)
    show(bench)
    assert place.find_in(bench)
    assert bench.selection == Selection(module="head.fc1", parameter="head.fc1.weight")


def test_that_a_tensor_of_the_checkpoint_stays_selected(bench: Workbench) -> None:
    stored = panel_data.checkpoint().tensors[3]
    bench.select_stored(stored)
    place = place_of(bench)
    show(bench)
    assert place.find_in(bench)
    assert bench.selection.stored == stored


def test_that_a_problem_that_is_still_there_is_found_with_its_new_words(bench: Workbench) -> None:
    bench.select_problem(panel_data.MISMATCH)
    place, other = place_of(bench), replace(panel_data.MISMATCH, message="Another width.", line=99)
    show(bench, other)
    assert place.find_in(bench)
    assert bench.selection.problem == other


def test_that_a_problem_that_was_solved_leads_to_the_call_where_it_was(bench: Workbench) -> None:
    bench.select_problem(panel_data.MISMATCH)
    index, place = bench.selection.call, place_of(bench)
    show(bench)
    assert place.find_in(bench)
    assert bench.selection.problem is None
    assert bench.selection.call == index
    assert bench.selection.module == panel_data.MISMATCH.module


def test_that_what_is_gone_is_said_and_the_selection_of_the_run_stays(bench: Workbench) -> None:
    bench.select(Selection(module="head.act"))
    place, tree = place_of(bench), panel_data.tree()
    show(bench, panel_data.MISMATCH, tree=replace(tree, modules=tree.modules[:3]))
    assert not place.find_in(bench)
    assert bench.selection.problem == panel_data.MISMATCH


def test_that_nothing_selected_stays_nothing(bench: Workbench) -> None:
    bench.select(Selection())
    place = place_of(bench)
    show(bench)
    assert not place.find_in(bench)
    assert bench.selection == Selection()


def test_that_a_place_knows_whether_it_is_one_of_some_problems(bench: Workbench) -> None:
    bench.select_problem(panel_data.MISMATCH)
    assert place_of(bench).is_at([panel_data.MISMATCH])
    assert not place_of(bench).is_at([])


def test_that_what_is_not_registered_is_found_again_on_another_line(bench: Workbench) -> None:
    tree, part = panel_data.tree(), HiddenPart("head", "parts", "parts[0]", "module", "Linear", "list", line=4)
    show(bench, tree=replace(tree, hidden=(part,)))
    bench.select_hidden(part)
    place, moved = place_of(bench), replace(part, line=5)
    show(bench, tree=replace(tree, hidden=(moved,)))
    assert place.find_in(bench)
    assert bench.selection == Selection(module="head", hidden=moved)


def test_that_what_is_registered_by_now_leads_to_its_owner(bench: Workbench) -> None:
    tree, part = panel_data.tree(), HiddenPart("head", "parts", "parts[0]", "module", "Linear", "list")
    show(bench, tree=replace(tree, hidden=(part,)))
    bench.select_hidden(part)
    place = place_of(bench)
    show(bench)
    assert place.find_in(bench)
    assert (bench.selection.module, bench.selection.hidden) == ("head", None)
