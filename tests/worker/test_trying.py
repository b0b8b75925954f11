"""Repairs that a person wants to see made: for one run, and the model is as it was after it."""

import pytest
import torch

from torchloupe.analysis.fixes_to_try import all_fixes, can_try, fixes_to_try, tried_sentence
from torchloupe.analysis.source_edits import patch_text, patched
from torchloupe.wire.codec import decode, encode
from torchloupe.wire.errors import UsageError
from torchloupe.wire.mismatches import MismatchSeen, TriedFix, TryFixes
from torchloupe.wire.problems import Fix, Problem
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker.handlers import HANDLERS, forward, open_target

from .conftest import MODELS

WHOLE = [
    "attention",
    "blocks",
    "channels_last",
    "classifier",
    "dot_product",
    "double_precision",
    "encoder",
    "norm_after_norm",
    "reshaped",
    "residual",
    "sobel",
    "state",
    "tagger",
    "text_cnn",
    "towers",
    "u_net",
    "vocabulary",
]


@pytest.fixture
def opened(context):
    """Opens a model of the zoo and gives the problems of its run."""

    def run(name):
        open_target(context, OpenTarget(f"{MODELS / name}.py"))
        return forward(context, RunForward()).problems

    return run


def attempt(context, fixes):
    return HANDLERS[TryFixes](context, TryFixes(RunForward(), fixes))


def errors_of(report):
    return [problem for problem in report.problems if problem.severity == "error"]


@pytest.mark.parametrize("name", WHOLE)
def test_that_with_all_fixes_together_the_model_runs_and_is_broken_again_after_it(opened, context, name):
    problems = opened(f"mismatches/{name}")
    report = attempt(context, all_fixes(problems))
    assert errors_of(report) == []
    assert report.outputs
    again = forward(context, RunForward()).problems
    assert [(each.code, each.line, each.message) for each in again] == [(each.code, each.line, each.message) for each in problems]


def test_that_one_fix_alone_shows_what_is_next(opened, context):
    first, second, third = opened("mismatches/classifier")
    report = attempt(context, fixes_to_try(first, first.fixes[0]))
    assert [problem.module for problem in errors_of(report)] == [second.module, third.module]
    assert report.state_restored
    assert errors_of(report)[0].fixes[0].verified


def test_that_the_parameters_are_those_of_before(opened, context):
    problems = opened("mismatches/classifier")
    model = context.state["open"].model
    before = {key: value.clone() for key, value in model.state_dict().items()}
    attempt(context, all_fixes(problems))
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_that_another_input_is_cut_or_repeated(opened, context):
    opened("clean_cnn")
    fix = Fix("change_input", "", value={"shape": [3, 3, 20, 12]})
    report = attempt(context, (TriedFix(fix),))
    assert report.inputs[0].shape == (3, 3, 20, 12)


def test_that_a_patch_of_another_version_of_the_file_is_refused(opened, context):
    opened("clean_cnn")
    patch = patch_text("clean_cnn.py", "no such line\n", "another\n")
    with pytest.raises(UsageError, match="another version"):
        attempt(context, (TriedFix(Fix("edit_source", "", patch=patch)),))
    with pytest.raises(UsageError, match="another version"):
        attempt(context, (TriedFix(Fix("edit_source", "", patch=patch.replace("clean_cnn", "nowhere"))),))
    assert errors_of(forward(context, RunForward())) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [("a\nb\nc\n", "a\nB\nc\n"), ("a\n" * 20 + "b\n", "a\n" * 20 + "c\nd\n"), ("a", "b"), ("a\nb\n", "b\n"), ("x\n", "y\nx\n")],
)
def test_that_a_patch_is_made_as_patch_would_make_it(before, after):
    assert patched(before, patch_text("m.py", before, after)).rstrip("\n") == after.rstrip("\n")


def test_that_a_patch_of_another_source_is_none():
    assert patched("x\ny\n", patch_text("m.py", "a\nb\n", "a\nc\n")) is None
    assert patched("", patch_text("m.py", "a\nb\n", "a\nc\n")) is None


LAYER = Fix("set_argument", "Set `in_features=4` of `q`.", "q", "in_features", 4, verified=True)
ROWS = [
    {"code": "shape-mismatch", "module": "k", "operation": None},
    {"code": "shape-mismatch", "module": "", "operation": "+"},
    {"code": "cat-mismatch", "module": "v", "operation": None},
]
PROBLEM = Problem("shape-mismatch", "", module="q", fixes=(LAYER,), data={"input_shape": [2, 3], "consequences": ROWS})


def test_that_layers_that_follow_from_the_same_cause_are_changed_along():
    found = fixes_to_try(PROBLEM, LAYER)
    assert [each.fix.module for each in found] == ["q", "k"]
    assert {each.input_shape for each in found} == {(2, 3)}
    elsewhere = Fix("set_argument", "", "embed", "embedding_dim", 4)
    assert [each.fix.module for each in fixes_to_try(PROBLEM, elsewhere)] == ["embed"]


def test_that_a_line_takes_the_argument_along_that_follows_from_it():
    line = Fix("edit_source", "", value="x.flatten(1)", patch="p")
    further = Fix(
        "set_argument", "", "fc", "in_features", 9, verified=True, outcome="with `x.flatten(1)` the model runs to its end"
    )
    problem = Problem("view-mismatch", "", fixes=(line, further, LAYER))
    assert [each.fix for each in fixes_to_try(problem, line)] == [line, further]


@pytest.mark.parametrize(
    ("fix", "can"),
    [
        (LAYER, True),
        (Fix("edit_source", "", patch="p"), True),
        (Fix("edit_source", ""), False),
        (Fix("permute_input", ""), True),
        (Fix("solve_arguments", ""), False),
    ],
)
def test_that_only_what_says_enough_can_be_tried(fix, can):
    assert can_try(fix) == can


def test_that_the_first_fix_of_each_problem_that_was_tried_is_taken():
    untried = Problem("a", "", fixes=(Fix("set_argument", "", "b", "n", 1),))
    assert [each.fix.module for each in all_fixes([untried, PROBLEM])] == ["q", "k"]
    assert tried_sentence(all_fixes([untried])) == "no fix"
    assert tried_sentence(all_fixes([PROBLEM])) == "Set `in_features=4` of `q`"
    assert tried_sentence((TriedFix(LAYER), TriedFix(Fix("a", "Other.")))) == "2 fixes together"


def test_that_the_messages_cross_the_pipe():
    for message in (TryFixes(RunForward(("int64[2]",)), (TriedFix(LAYER, (2, 3)),)), MismatchSeen(PROBLEM)):
        assert decode(encode(message)) == message
