"""Sizes that go together by chance: which reshape deserves which code, and how it is written right."""

import pytest

from torchloupe.analysis.silent_mismatches import (
    BATCH,
    RESHAPE,
    Place,
    batch_edits,
    batch_problem,
    broadcast_edits,
    broadcast_problem,
    is_certain,
    kind_of_reshape,
    reshape_edits,
    reshape_problem,
    without_consequences,
)
from torchloupe.analysis.source_edits import edited, expression_at
from torchloupe.analysis.step.beside import new_problems
from torchloupe.wire.problems import WARNING, Problem

HERE = Place("body", "net.py", 7)


@pytest.mark.parametrize(
    ("source", "target", "kind"),
    [
        ((25, 16, 4, 4), (16, 400), BATCH),
        ((9, 4, 2, 2), (6, 24), BATCH),
        ((5, 16, 7), (5, 7, 16), RESHAPE),
        ((5, 9, 20), (100, 9), RESHAPE),
        ((5, 7, 3), (7, 5, 3), RESHAPE),
        ((8, 3), (2, 12), None),
        ((4, 8, 8, 8), (8, 256), None),
        ((4, 16, 4, 4), (4, 256), None),
        ((4, 256, 6, 6), (4, 1152, 8), None),
    ],
)
def test_that_sizes_say_what_a_reshape_does(source, target, kind):
    assert kind_of_reshape(source, target, source[0]) == kind


def test_that_another_first_axis_than_the_batch_may_change():
    assert kind_of_reshape((25, 16, 4, 4), (16, 400), None) == RESHAPE
    assert kind_of_reshape((25, 9, 4, 4), (10, 360), 2) is None


def test_that_two_sizes_of_which_one_divides_the_other_leave_a_doubt():
    assert not is_certain((2, 16, 8), (2, 8, 16))
    assert is_certain((2, 7, 3), (2, 3, 7))
    assert is_certain((2, 4, 8, 5), (2, 8, 20))


def test_that_the_batch_is_told_before_and_after():
    problem = batch_problem("view", (25, 16, 4, 4), (16, 400), HERE)
    assert problem.message.startswith("The batch of 25 becomes 16 here: `view` to [16, 400] of [25, 16, 4, 4] happens to fit")
    assert (problem.module, problem.file, problem.line) == ("body", "net.py", 7)
    assert (problem.data["batch"], problem.data["got"], problem.data["expected"]) == ([25, 16], 256, 400)


def test_that_the_order_that_was_meant_is_told():
    problem = reshape_problem("view", (2, 7, 12), (2, 3, 7, 4), HERE)
    assert problem.data["order"] == [0, 2, 1, 3]
    assert problem.hint == "Permute first: see it as [2, 7, 3, 4], `permute(0, 2, 1, 3)`, then `reshape`."


def test_that_pairs_are_told_with_their_three_shapes():
    problem = broadcast_problem("+", (12,), (12, 1), (12, 12), HERE)
    assert problem.message == "`+` combines [12] with [12, 1] to [12, 12]: every sample with every other one."


def rewritten(source, operation, edits_of):
    written = expression_at(source, 1, operation)
    return [edited(source, [edit]) for edit in edits_of(written)]


@pytest.mark.parametrize(
    ("line", "source", "target", "after"),
    [
        ("x.view(n, l, c)", (5, 16, 7), (5, 7, 16), "x.transpose(1, 2)"),
        ("y.reshape(b, t, c)", (2, 3, 7, 8), (2, 7, 24), "y.transpose(1, 2).reshape(b, t, c)"),
        ("self.q(x).view(b, 3, t, 4)", (2, 7, 12), (2, 3, 7, 4), "self.q(x).reshape(b, t, 3, 4).transpose(1, 2)"),
        ("(x + y).view(h, w, c)", (3, 8, 9), (8, 9, 3), "(x + y).permute(1, 2, 0)"),
    ],
)
def test_that_a_reshape_is_written_as_the_permutation(line, source, target, after):
    operation = "view" if "view" in line else "reshape"
    assert rewritten(line, operation, lambda written: reshape_edits(written, source, target)) == [after]


def test_that_what_is_in_order_needs_no_other_writing():
    assert reshape_edits(expression_at("x.view(4, 9)", 1, "view"), (4, 3, 3), (4, 9)) == []


def test_that_the_view_of_a_batch_becomes_a_flatten():
    assert rewritten("x.view(-1, 400)", "view", batch_edits) == ["x.flatten(1)"]


def test_that_either_side_of_a_pair_can_be_changed():
    written = expression_at("torch.add(base, self.deep(x))", 1, "add")
    texts = [edit.text for edit in broadcast_edits(written, (12,), (12, 1))]
    assert texts == ["base.unsqueeze(1)", "self.deep(x).squeeze(1)"]


def test_that_samples_that_depend_on_each_other_follow_from_what_mixed_them():
    silent = reshape_problem("view", (2, 4, 10), (4, 20), HERE)
    here, there = (Problem("batch-dependence", "", WARNING, file="net.py", line=line) for line in (7, 8))
    assert without_consequences([here, there], [silent]) == [there]


@pytest.mark.parametrize("code", ["loss-target-shape", "silent-broadcast"])
def test_that_a_loss_that_refuses_the_output_follows_from_what_changed_it(code):
    loss = Problem(code, "", file="net.py", line=20, data={"output": [16, 10], "target": [25]})
    known = batch_problem("view", (25, 16, 4, 4), (16, 400), HERE)
    assert new_problems([loss], [known]) == []
    assert new_problems([loss], []) == [loss]
