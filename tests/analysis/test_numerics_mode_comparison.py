"""Train against eval mode: what arises where, what is carried on, and the sentences about it."""

from dataclasses import replace

import pytest

from torchloupe.analysis.numerics.mode_comparison import (
    CARRIED,
    ONE_MODE,
    SAME,
    SOURCE,
    by_end,
    mode_rows,
    mode_verdict,
    part_text,
)
from torchloupe.wire.numerics import BATCH_NORM, DROPOUT, ModeCall, ModeChange, ModesCompared

DROPS = ModeChange(DROPOUT, "dropout", 0.3, file="/m.py", line=8)
NORM = ModeChange(BATCH_NORM, "batch_norm", off=0.42, wider=1.5, counted=100)


def call(index, module, depth=1, difference=0.0, given=0.0, *changes, **more):
    return ModeCall(index, module, "Linear", 0, depth, (2, 4), difference, given, changes=changes, **more)


NET = (
    call(0, "", 0, 0.5),
    call(1, "fc1"),
    call(2, "bn", 1, 0.2, 0.0, NORM),
    call(3, "fc2", 1, 0.3, 0.2),
    call(4, "drop", 1, 0.7, 0.3, DROPS),
    call(5, "fc3", 1, 0.5, 0.7),
)


def compared(*calls, difference=0.5):
    return ModesCompared(tuple(calls), difference)


def test_that_sources_are_told_from_what_carries_on():
    kinds = [row.kind for row in mode_rows(compared(*NET))]
    assert kinds == [CARRIED, SAME, SOURCE, CARRIED, SOURCE, CARRIED]


def test_that_a_source_says_why():
    rows = mode_rows(compared(*NET))
    assert rows[4].reason == "`dropout` drops each value with probability 0.3 (line 8)"
    assert rows[2].reason == (
        "statistics of the batch in place of its stored ones: means 0.42 standard deviations off, 1.5 times as wide"
    )
    fresh = mode_rows(compared(call(0, "bn", 0, 0.2, 0.0, replace(NORM, counted=0))))
    assert "in place of mean 0 and variance 1" in fresh[0].reason


def test_that_an_operation_of_the_models_own_forward_is_a_source_there():
    rows = mode_rows(compared(call(0, "", 0, 0.5, 0.0, DROPS), call(1, "fc")))
    assert [row.kind for row in rows] == [SOURCE, SAME]
    unknown = mode_rows(compared(call(0, "", 0, 0.5), call(1, "block", 1, 0.5), call(2, "block.fc", 2)))
    assert [row.kind for row in unknown] == [CARRIED, SOURCE, SAME]
    assert "`self.training`" in unknown[1].reason


def test_that_a_dropout_that_changed_nothing_is_the_same_and_says_what_it_is():
    (row,) = mode_rows(compared(call(0, "drop", 0, 0.0, 0.0, DROPS), difference=0.0))
    assert row.kind == SAME
    assert "drops each value" in row.reason


def test_that_a_call_of_one_mode_is_told():
    rows = mode_rows(compared(call(0, "", 0, 0.1), replace(call(1, "aux"), difference=None, only_in="train")))
    assert [row.kind for row in rows] == [CARRIED, ONE_MODE]
    assert rows[1].reason == "it is called in train mode, and not in eval mode"


def test_that_the_verdict_names_the_first_call_and_how_the_difference_grows():
    assert mode_verdict(compared(*NET)) == [
        "The answer in train mode differs from that in eval mode by 50 %.",
        "The first call that differs is `bn` (Linear), call 2. In train mode: statistics of the batch in place of its stored ones: "
        "means 0.42 standard deviations off, 1.5 times as wide.",
        "How it grows: 20 % after `bn`, 70 % after `drop`.",
    ]


def test_that_the_first_is_the_first_to_end_and_not_what_is_around_it():
    own = compared(call(0, "", 0, 0.5, 0.0, DROPS), call(1, "drop", 1, 0.2, 0.0, DROPS))
    assert "`drop`" in mode_verdict(own)[1]
    alone = compared(call(0, "", 0, 0.5, 0.0, DROPS), call(1, "fc"))
    assert "the model's own forward (Linear), call 0" in mode_verdict(alone)[1]
    assert len(mode_verdict(alone)) == 2
    rows = mode_rows(compared(call(0, "", 0), call(1, "a", 1), call(2, "a.x", 2), call(3, "b", 1)))
    assert [row.call.module for row in by_end(rows)] == ["a.x", "a", "b", ""]


def test_that_equal_modes_and_equal_answers_are_said():
    assert mode_verdict(compared(call(0, "", 0), difference=0.0)) == [
        "Train and eval mode give the same: nothing drops, and nothing takes the statistics of the batch."
    ]
    inside = compared(call(0, "", 0), call(1, "drop", 1, 0.4, 0.0, DROPS), difference=0.0)
    assert mode_verdict(inside)[0] == "The answer is the same in both modes, though calls inside differ."


def test_that_norms_without_a_batch_are_counted():
    fresh = replace(NORM, counted=0)
    calls = [call(0, "", 0, 0.5), *(call(number, f"bn{number}", 1, 0.1, 0.0, fresh) for number in (1, 2))]
    assert mode_verdict(compared(*calls))[-1].startswith("2 BatchNorms have not counted a single batch")
    assert mode_verdict(compared(*calls[:2]))[-1].startswith("1 BatchNorm has not counted a single batch")


def test_that_many_sources_are_told_by_some_of_them():
    calls = [call(0, "", 0, 0.5), *(call(number, f"drop{number}", 1, number / 100, 0.0, DROPS) for number in range(1, 41))]
    growth = mode_verdict(compared(*calls))[2]
    assert growth.startswith("How it grows: 1.0 % after `drop1`")
    assert growth.endswith("40 % after `drop40`.")
    assert growth.count("after") <= 7


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (1e-6, "0"),
        (0.0001, "0.01 %"),
        (0.0234, "2.3 %"),
        (0.5, "50 %"),
        (12.4, "1240 %"),
        (float("inf"), "another shape"),
    ],
)
def test_that_a_part_is_written_shortly(part, text):
    assert part_text(part) == text
