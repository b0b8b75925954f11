"""The numbers of a run are worked out once, and of very many calls on a thread."""

from dataclasses import replace
from typing import Any

import pytest

from gui import panel_data
from torchloupe.gui import judging, run_numbers
from torchloupe.gui.run_numbers import NO_NUMBERS, ReckonNumbers, keep_numbers, known_numbers, numbers_of, question_of
from torchloupe.gui.workbench import Workbench


@pytest.fixture
def bench(qapp: Any) -> Workbench:
    """After a run that ended well."""
    bench = Workbench()
    panel_data.run_well(bench)
    return bench


def test_that_they_are_those_of_all_calls_and_of_the_leaves(bench: Workbench) -> None:
    numbers = numbers_of(bench)
    assert [point.call.index for point in numbers.points] == list(range(10))
    assert [point.call.index for point in numbers.leaves] == [2, 3, 4, 6, 7, 8, 9]
    assert numbers.by_call[6].all_flops == 2 * 2 * 3136 * 128
    assert [each.series for each in numbers.outliers[8]] == ["nan"]


def test_that_they_are_worked_out_once(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = numbers_of(bench)
    monkeypatch.setattr("torchloupe.analysis.depth_numbers.depth_points", None)
    assert numbers_of(bench) is numbers
    assert known_numbers(bench) is numbers


def test_that_another_run_has_others_and_one_that_goes_on_has_none(bench: Workbench) -> None:
    numbers = numbers_of(bench)
    bench.begin_run()
    assert numbers_of(bench) is NO_NUMBERS
    bench.add_calls(panel_data.good_calls()[:3])
    assert known_numbers(bench) is None
    assert numbers_of(bench) is NO_NUMBERS
    bench.end_run(panel_data.report(calls=3))
    assert len(numbers_of(bench).points) == 3
    assert numbers_of(bench) is not numbers


def test_that_flops_wait_for_the_end_of_the_run(bench: Workbench) -> None:
    assert question_of(bench).tree is bench.tree
    bench.begin_run()
    assert question_of(bench).tree is None


def test_that_what_is_kept_for_backward_comes_with_the_report(bench: Workbench) -> None:
    bench.begin_run()
    bench.add_calls(panel_data.good_calls())
    bench.end_run(replace(panel_data.report(), kept_bytes=tuple(range(10))))
    assert numbers_of(bench).by_call[9].kept == 9


def test_that_very_many_are_left_to_whoever_has_a_thread(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_numbers, "MANY_CALLS", 3)
    assert numbers_of(bench) is NO_NUMBERS
    made = question_of(bench)()
    assert keep_numbers(bench, bench.report, made) is made
    assert numbers_of(bench) is made


def test_that_a_run_that_is_judged_on_a_thread_has_its_numbers_from_there(bench: Workbench) -> None:
    judged = judging.JudgeRun(bench.calls, bench.tree, tuple(range(10)))()
    assert [point.call.index for point in judged.numbers.points] == list(range(10))
    assert judged.numbers.by_call[9].kept == 9
    assert judged.numbers.by_call[6].all_flops


def test_that_no_calls_have_no_numbers() -> None:
    numbers = ReckonNumbers(())()
    assert (list(numbers.points), list(numbers.leaves), numbers.by_call, numbers.outliers) == ([], [], {}, {})


def test_that_flops_of_a_module_are_those_of_all_its_calls(bench: Workbench) -> None:
    numbers = numbers_of(bench)
    modules = {point.call.module for point in numbers.points if point.all_flops}
    assert set(numbers.flops_by_module) == modules
    for path in modules:
        assert numbers.flops_by_module[path] == sum(point.all_flops or 0 for point in numbers.points if point.call.module == path)
