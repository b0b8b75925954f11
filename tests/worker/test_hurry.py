"""A pass that takes long is repeated twice: once over all failures, once with the likeliest repairs of all."""

from types import SimpleNamespace

import pytest

from torchloupe.wire.mismatches import MismatchSeen
from torchloupe.wire.requests import OpenTarget, RunForward
from torchloupe.worker import forward as room
from torchloupe.worker.handlers import forward, open_target
from torchloupe.worker.recovery import search
from torchloupe.worker.repetition import Repetition

from .conftest import MODELS


@pytest.fixture
def passes(monkeypatch):
    """Every pass is slow; the repetitions are counted."""
    monkeypatch.setattr(room, "SLOW", -1.0)
    monkeypatch.setattr(search, "_LEAST_BARE_SECONDS", 60.0)
    counted = SimpleNamespace(count=0)
    plain = Repetition.run

    def run(self, *args, **kwargs):
        counted.count += 1
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(Repetition, "run", run)
    return counted


def outcomes(report):
    return [
        (problem.code, problem.fixes[0].text, problem.fixes[0].verified, problem.fixes[0].outcome) for problem in report.problems
    ]


def test_that_layers_are_repaired_together_in_two_passes(run, passes):
    _, report = run("mismatches/classifier")
    assert passes.count == 2
    assert [verified for _, _, verified, _ in outcomes(report)] == [True, True, True]
    assert report.problems[0].data["runs_with_all_fixes"] is True
    assert report.problems[0].hint.endswith("With the fixes of these 3 mismatches together the model runs to its end.")
    assert (
        report.problems[1].fixes[0].outcome
        == "this layer is passed; with the other mismatches repaired, too, the model runs to its end"
    )
    assert all(problem.fixes[0].patch for problem in report.problems)
    assert report.assumed


def test_that_lines_and_layers_are_repaired_together(run, passes):
    _, report = run("mismatches/dot_product")
    assert passes.count == 3  # operations behind the first mismatch are looked at with data
    assert [problem.fixes[0].kind for problem in report.problems] == ["edit_source", "edit_source", "set_argument"]
    assert "k.transpose(-2, -1)" in report.problems[0].fixes[0].patch


def test_that_a_single_mismatch_says_that_the_model_runs(context, passes, tmp_path):
    (tmp_path / "net.py").write_text(
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.fc = nn.Linear(9, 2)\n\n    def forward(self, x):\n        return self.fc(x)\n\n\n"
        "def example_inputs():\n    return (torch.rand(3, 4),)\n"
    )
    open_target(context, OpenTarget(str(tmp_path / "net.py")))
    report = forward(context, RunForward())
    assert passes.count == 2
    assert outcomes(report) == [
        ("shape-mismatch", "Set `in_features=4` of `fc` (Linear) at line 8.", True, "the model runs to its end")
    ]


def test_that_what_the_likeliest_repairs_do_not_do_is_looked_for_as_ever(run, passes):
    _, report = run("mismatches/residual")
    assert passes.count > 2
    assert [problem.fixes[0].verified for problem in report.problems] == [True, True]


@pytest.mark.parametrize(
    "name", ["channels_last", "double_precision", "encoder", "text_cnn", "towers", "u_net", "vocabulary", "attention"]
)
def test_that_in_a_hurry_the_same_is_found_as_with_time(run, passes, monkeypatch, name):
    _, hurried = run(f"mismatches/{name}")
    monkeypatch.setattr(room, "SLOW", 100.0)
    _, slow = run(f"mismatches/{name}")
    assert [(each.code, each.module, each.line) for each in hurried.problems] == [
        (each.code, each.module, each.line) for each in slow.problems
    ]
    assert [each.fixes[0].text for each in hurried.problems] == [each.fixes[0].text for each in slow.problems]
    assert all(each.fixes[0].verified for each in hurried.problems)


def seen(context):
    return [event.problem for event in context.events if isinstance(event, MismatchSeen)]


@pytest.mark.parametrize(("slow", "name"), [(-1.0, "classifier"), (100.0, "classifier"), (-1.0, "dot_product")])
def test_that_the_first_mismatch_is_told_before_its_repairs_are_tried(run, context, monkeypatch, slow, name):
    monkeypatch.setattr(room, "SLOW", slow)
    _, report = run(f"mismatches/{name}")
    (early,) = seen(context)
    assert (early.code, early.module, early.line) == (report.problems[0].code, report.problems[0].module, report.problems[0].line)
    assert not any(fix.verified for fix in early.fixes)


def test_that_a_run_to_the_end_tells_of_none(run, context):
    run("clean_cnn")
    assert seen(context) == []


def test_that_an_operation_of_another_line_is_not_taken_for_the_one_that_failed(context, passes, tmp_path):
    (tmp_path / "net.py").write_text(
        "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.fc = nn.Linear(4, 2)\n\n    def forward(self, x):\n        y = self.fc(x)\n"
        "        raise KeyError('no such thing')\n\n\ndef example_inputs():\n    return (torch.rand(3, 4),)\n"
    )
    open_target(context, OpenTarget(str(tmp_path / "net.py")))
    (problem,) = forward(context, RunForward()).problems
    assert problem.code == "forward-failed"
    assert problem.line == 12


def test_that_the_zoo_of_mismatches_is_still_all_there():
    assert len(list((MODELS / "mismatches").glob("*.py"))) >= 18


def test_that_a_flatten_that_gives_too_little_has_its_other_ways_in_a_hurry_too(context, passes):
    open_target(context, OpenTarget(str(MODELS.parents[1] / "resources" / "example" / "classifier.py")))
    (problem,) = forward(context, RunForward()).problems
    assert [(fix.kind, fix.argument, fix.verified) for fix in problem.fixes] == [
        ("set_argument", "in_features", True),
        ("set_argument", "padding", True),
        ("change_input", None, True),
    ]
