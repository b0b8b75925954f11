"""What is open and what is selected."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gui import panel_data
from torchloupe.gui.walking import step_call, step_difference, step_problem
from torchloupe.gui.workbench import Selection, Workbench
from torchloupe.wire.contents import CheckpointContents, StoredTensor
from torchloupe.wire.modules import ModuleTree
from torchloupe.wire.problems import Problem
from torchloupe.wire.registration import HiddenPart

UNREADABLE = Problem("checkpoint-corrupt", "The file ends early.")
SLOW = Problem("slow", "This is slow.", severity="warning")


@pytest.fixture
def bench(qapp: object) -> Workbench:
    """Nothing open."""
    return Workbench()


def heard(signal: Any) -> list[Any]:
    """What a signal says from now on."""
    said: list[Any] = []
    signal.connect(lambda *words: said.append(words))
    return said


def test_that_checkpoint_and_model_are_compared_in_either_order(bench: Workbench) -> None:
    other = Workbench()
    bench.set_checkpoint(panel_data.checkpoint())
    bench.set_model(panel_data.opened())
    other.set_model(panel_data.opened())
    other.set_checkpoint(panel_data.checkpoint())
    assert bench.container == other.container == "model_state_dict"
    assert bench.diff is not None
    assert bench.diff == other.diff
    assert bench.problems == other.problems != ()


def test_that_one_side_alone_is_not_compared(bench: Workbench) -> None:
    bench.set_checkpoint(panel_data.checkpoint())
    assert bench.diff is None
    assert bench.problems == ()


def test_that_another_container_is_compared_on_demand(bench: Workbench) -> None:
    bench.set_checkpoint(panel_data.checkpoint())
    bench.set_model(panel_data.opened())
    before = bench.diff
    said = heard(bench.diff_changed)
    bench.use_container("ema")
    bench.use_container("ema")
    assert len(said) == 1
    assert bench.diff != before


def test_that_closing_a_side_takes_its_comparison_away(bench: Workbench) -> None:
    bench.set_checkpoint(panel_data.checkpoint())
    bench.set_model(panel_data.opened())
    bench.set_checkpoint(None)
    assert bench.diff is None
    assert bench.container == ""
    bench.set_checkpoint(panel_data.checkpoint())
    bench.set_model(None)
    assert bench.diff is None


def test_that_a_run_grows_and_ends_with_its_first_problem_selected(bench: Workbench) -> None:
    bench.set_model(panel_data.opened())
    bench.begin_run()
    added = heard(bench.calls_added)
    bench.add_calls(panel_data.failing_calls()[:3])
    bench.add_calls(panel_data.failing_calls()[3:])
    assert [len(calls) for (calls,) in added] == [3, 5]
    bench.end_run(panel_data.report(panel_data.MISMATCH))
    assert not bench.running
    assert bench.selection == Selection("head.fc1", 7, None, None, panel_data.MISMATCH)


def test_that_a_failed_run_keeps_what_was_captured(bench: Workbench) -> None:
    bench.set_model(panel_data.opened())
    bench.begin_run()
    bench.add_calls(panel_data.failing_calls()[:3])
    bench.fail_run((UNREADABLE,))
    assert len(bench.calls) == 3
    assert not bench.running
    assert bench.problems == (UNREADABLE,)


def test_that_a_new_model_forgets_the_run_and_the_selection(bench: Workbench) -> None:
    bench.set_model(panel_data.opened())
    bench.add_calls(panel_data.failing_calls())
    bench.select_call(7)
    bench.set_model(panel_data.opened())
    assert bench.calls == {}
    assert bench.selection == Selection()


def test_that_problems_of_opening_come_first_and_go_with_their_origin(bench: Workbench) -> None:
    bench.set_model(panel_data.opened(problems=(SLOW,)))
    said = heard(bench.problems_changed)
    bench.report_problems("checkpoint", (UNREADABLE,))
    bench.report_problems("checkpoint", (UNREADABLE,))
    assert bench.problems == (UNREADABLE, SLOW)
    bench.report_problems("checkpoint", ())
    assert bench.problems == (SLOW,)
    assert len(said) == 2


def test_that_the_same_selection_again_is_silent(bench: Workbench) -> None:
    bench.set_model(panel_data.opened())
    said = heard(bench.selection_changed)
    bench.select_module("head")
    bench.select_module("head")
    assert len(said) == 1


def test_that_a_module_brings_its_first_call_and_a_parameter_its_module(bench: Workbench) -> None:
    bench.set_model(panel_data.opened())
    bench.add_calls(panel_data.good_calls())
    bench.select_module("head.act")
    assert bench.selection.call == 7
    bench.select_parameter("head.fc1.bias")
    assert bench.selection == Selection(module="head.fc1", parameter="head.fc1.bias")


def test_that_a_closed_checkpoint_leaves_no_tensor_selected(bench: Workbench) -> None:
    contents = panel_data.checkpoint()
    bench.set_checkpoint(contents)
    bench.select_stored(contents.tensors[0])
    bench.set_checkpoint(None)
    assert bench.selection == Selection()


def test_that_problems_are_stepped_through_in_a_ring(bench: Workbench) -> None:
    bench.set_model(panel_data.opened(problems=(UNREADABLE, SLOW)))
    seen = []
    for steps in (1, 1, 1, -1):
        step_problem(bench, steps)
        seen.append(bench.selection.problem)
    assert seen == [UNREADABLE, SLOW, UNREADABLE, SLOW]


def test_that_the_way_back_through_problems_begins_at_the_last(bench: Workbench) -> None:
    bench.set_model(panel_data.opened(problems=(UNREADABLE, SLOW)))
    step_problem(bench, -1)
    assert bench.selection.problem == SLOW


def test_that_calls_are_stepped_through_in_their_order_and_not_beyond(bench: Workbench) -> None:
    bench.set_model(panel_data.opened())
    bench.add_calls(panel_data.failing_calls())
    step_call(bench, 1)
    assert bench.selection.call == 0
    step_call(bench, -1)
    assert bench.selection.call == 0
    step_call(bench, 1)
    assert bench.selection.call == 1
    for _ in range(20):
        step_call(bench, 1)
    assert bench.selection.call == 7


def test_that_differences_are_stepped_through_in_a_ring_and_matched_keys_passed_over(bench: Workbench) -> None:
    bench.set_checkpoint(panel_data.checkpoint())
    bench.set_model(panel_data.opened())
    assert bench.diff is not None
    differing = [row for row in bench.diff.rows if row.status != "matched"]
    seen = []
    for _ in range(len(differing) + 1):
        step_difference(bench, 1)
        seen.append(bench.selection)
    assert seen[0] == seen[-1]
    assert len(set(map(str, seen))) == len(differing)
    step_difference(bench, -1)
    assert bench.selection == seen[-2]


def test_that_a_key_only_the_checkpoint_has_is_stepped_to_as_its_tensor(bench: Workbench) -> None:
    contents = panel_data.checkpoint()
    bench.set_model(panel_data.opened())
    bench.set_checkpoint(contents)
    bench.use_container("ema")
    keys = []
    assert bench.diff is not None
    for _ in bench.diff.rows:
        step_difference(bench, 1)
        keys.append(bench.selection.stored.key if bench.selection.stored else None)
    assert "head.copy" in keys


@pytest.mark.parametrize("step", [step_problem, step_call, step_difference])
def test_that_with_nothing_to_step_to_the_selection_stays(bench: Workbench, step: Callable[[Workbench, int], None]) -> None:
    step(bench, 1)
    assert bench.selection == Selection()


def large_checkpoint(prefix: str = "module.") -> CheckpointContents:
    tensors = tuple(StoredTensor(f"{prefix}layer{number}.weight", (2, 2), "float32", 16, "state") for number in range(8_001))
    return CheckpointContents("/big.pt", "torch zip", 1, 1, tensors)


def test_that_a_large_comparison_is_left_to_a_job_and_taken_when_it_comes(qtbot: Any) -> None:
    bench, questions = Workbench(), []
    bench.compare_later = questions.append
    bench.set_model(panel_data.opened())
    bench.set_checkpoint(large_checkpoint())
    assert bench.diff is None
    assert bench.container == "state"
    with qtbot.waitSignals([bench.diff_changed, bench.problems_changed]):
        bench.set_comparison(questions[-1]())
    assert bench.diff is not None
    assert sum(bench.diff.counts.values()) >= 8_001


def test_that_a_late_answer_about_another_checkpoint_is_left(qtbot: Any) -> None:
    bench, questions = Workbench(), []
    bench.compare_later = questions.append
    bench.set_model(panel_data.opened())
    bench.set_checkpoint(large_checkpoint())
    answer = questions[-1]()
    bench.set_checkpoint(panel_data.checkpoint())
    before = bench.diff
    bench.set_comparison(answer)
    assert bench.diff is before


def test_that_without_a_door_for_slow_work_even_a_large_comparison_is_made() -> None:
    bench = Workbench()
    bench.set_model(panel_data.opened())
    bench.set_checkpoint(large_checkpoint())
    assert bench.diff is not None


LISTED = Problem("unregistered-module", "A list.", module="head", attribute="parts", line=4)
PART = HiddenPart("head", "parts", "parts[0]", "module", "Linear", "list")


def test_that_a_problem_about_what_is_hidden_selects_that_too(bench: Workbench) -> None:
    tree = panel_data.tree()
    bench.set_model(panel_data.opened(tree=ModuleTree(tree.modules, tree.parameters, (PART,)), problems=(LISTED,)))
    bench.select_problem(LISTED)
    assert bench.selection == Selection(module="head", problem=LISTED, hidden=PART)
    bench.select_hidden(PART)
    assert bench.selection == Selection(module="head", hidden=PART)


@pytest.mark.parametrize(
    ("found", "is_new"),
    [
        (LISTED, False),
        (replace(LISTED, line=None, message="Said otherwise."), False),
        (replace(LISTED, attribute="others"), True),
        (replace(LISTED, module=""), True),
        (replace(LISTED, code="tensor-should-be-buffer"), True),
    ],
)
def test_that_what_a_closer_look_finds_is_added_unless_it_is_known(bench: Workbench, found: Problem, is_new: bool) -> None:
    bench.set_model(panel_data.opened(problems=(LISTED,)))
    assert bench.add_found([found]) == ((found,) if is_new else ())
    assert bench.problems == ((LISTED, found) if is_new else (LISTED,))


def test_that_problems_without_an_attribute_are_told_apart_by_their_lines(bench: Workbench) -> None:
    first, second = Problem("a", "", module="head", line=3), Problem("a", "", module="head", line=5)
    bench.set_model(panel_data.opened(problems=(first,)))
    assert bench.add_found([first, second]) == (second,)


def test_that_the_next_run_or_model_forgets_what_a_closer_look_found(bench: Workbench) -> None:
    for forget in (bench.begin_run, lambda: bench.set_model(panel_data.opened())):
        bench.set_model(panel_data.opened())
        bench.add_found([LISTED])
        forget()
        assert bench.problems == ()
