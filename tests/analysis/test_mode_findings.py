"""From what train and eval mode showed to problems."""

from dataclasses import replace

import pytest

from torchloupe.analysis.registration.forward_facts import (
    NOWHERE,
    BatchDependence,
    ChangedInput,
    ChangedParameter,
    DropoutInEval,
    ForwardFacts,
    KeptGraph,
    Spot,
)
from torchloupe.analysis.registration.mode_findings import mode_problems
from torchloupe.wire.problems import ERROR, INFO, WARNING

HERE = Spot("net.py", 15)
DROPOUT = DropoutInEval("dropout", "block", 0.5, HERE, changes_output=True)
KEPT = KeptGraph("cell", "state", HERE)
MIXED = BatchDependence("-", "block", HERE, 0.25)


def only(**facts):
    """The one problem that these facts make."""
    (problem,) = mode_problems(ForwardFacts(**facts))
    return problem


def test_that_nothing_seen_is_nothing_found():
    assert mode_problems(ForwardFacts()) == []


def test_that_dropout_in_eval_mode_is_an_error_with_the_missing_argument():
    problem = only(dropouts=(DROPOUT,))
    assert (problem.code, problem.severity, problem.module, problem.line) == ("dropout-ignores-eval", ERROR, "block", 15)
    assert problem.hint == "Add `training=self.training`."
    assert problem.data == {"probability": 0.5, "changes_output": True}


@pytest.mark.parametrize(
    ("change", "severity", "hint"),
    [
        ({"is_spelled": True}, INFO, "training=self.training"),
        ({"changes_output": False}, INFO, "training=self.training"),
        ({"changes_output": None}, ERROR, "training=self.training"),
        ({"is_module": True, "operation": "Dropout"}, ERROR, "self.dropout = nn.Dropout(0.5)"),
        ({"operation": "scaled_dot_product_attention"}, ERROR, "dropout_p=self.p if self.training else 0.0"),
    ],
)
def test_that_dropout_is_judged_by_what_was_meant(change, severity, hint):
    problem = only(dropouts=(replace(DROPOUT, **change),))
    assert problem.severity == severity
    assert hint in problem.hint


def test_that_a_changed_input_is_a_warning():
    problem = only(changed_inputs=(ChangedInput("x", "-=", "", HERE),))
    assert (problem.code, problem.severity, problem.line) == ("forward-mutates", WARNING, 15)
    assert "input `x` in place by `-=`" in problem.message
    assert "by" not in only(changed_inputs=(ChangedInput("x", "", "", NOWHERE),)).message.split(":")[0]


def test_that_a_changed_parameter_is_a_warning():
    problem = only(changed_parameters=(ChangedParameter("head.weight", HERE),))
    assert (problem.code, problem.severity, problem.parameter, problem.module) == (
        "forward-mutates",
        WARNING,
        "head.weight",
        "head",
    )
    assert problem.line == 15


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        ({}, INFO),
        ({"grows": True}, WARNING),
        ({"grows": True, "is_emptied": True}, INFO),
        ({"is_read": True}, ERROR),
        ({"is_read": True, "is_emptied": True}, ERROR),
    ],
)
def test_that_a_kept_graph_is_as_grave_as_what_becomes_of_it(change, severity):
    problem = only(kept_graphs=(replace(KEPT, **change),))
    assert (problem.code, problem.severity, problem.module, problem.attribute) == ("state-keeps-graph", severity, "cell", "state")
    assert "`.detach()`" in problem.hint
    assert "`cell.state`" in problem.message


def test_that_the_owner_of_a_kept_graph_may_be_the_model():
    assert "`state` keeps" in only(kept_graphs=(replace(KEPT, owner=""),)).message


def test_that_samples_that_see_each_other_are_a_warning_at_the_operation_that_mixes_them():
    problem = only(batch=MIXED)
    assert (problem.code, problem.severity, problem.module, problem.line) == ("batch-dependence", WARNING, "block", 15)
    assert problem.data["difference"] == 0.25


def test_that_a_layer_that_reads_the_batch_as_time_is_an_error_where_it_is_made():
    made = Spot("net.py", 8)
    problem = only(batch=replace(MIXED, recurrent="rnn", class_name="LSTM", defined_at=made, is_verified=True))
    assert (problem.code, problem.severity, problem.module, problem.line) == ("batch-first", ERROR, "rnn", 8)
    assert problem.data["call_line"] == 15
    (fix,) = problem.fixes
    assert (fix.argument, fix.value, fix.verified) == ("batch_first", True, True)
    unknown = only(batch=replace(MIXED, recurrent="rnn", class_name="LSTM", is_verified=True))
    assert unknown.line == 15


def test_that_a_layer_that_batch_first_does_not_repair_is_not_accused():
    assert only(batch=replace(MIXED, recurrent="rnn", class_name="LSTM")).code == "batch-dependence"
