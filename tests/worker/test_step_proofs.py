"""The one change that should make a weight move is made, the step replayed, and nothing of it stays."""

import pytest
import torch

from torchloupe.wire.requests import OpenTarget
from torchloupe.wire.steps import RunStep
from torchloupe.worker.handlers import open_target, training_step
from worker.step_zoo import HARMLESS, HEAD, LOSS, MISTAKES, PLAIN, Mistake, net, trained

NO_CHANGE = {"item-roundtrip", "numpy-roundtrip", "nondifferentiable-op", "unused-in-forward"}
HARMLESS_WITHOUT = {"untaken-branch", "no-effect", "decay-only"}


@pytest.fixture
def step(context, tmp_path):
    """Write a file, open it, train it and prove."""

    def step(source, prove=("*",), **request):
        file = tmp_path / "model.py"
        file.write_text(source if source.startswith("import") else HEAD + source, encoding="utf-8")
        open_target(context, OpenTarget(str(file)))
        return training_step(context, RunStep(prove=prove, **request))

    return step


@pytest.mark.parametrize("mistake", [*MISTAKES, *HARMLESS], ids=str)
def test_that_each_reason_is_taken_away_and_the_weight_is_seen_to_move(step, mistake: Mistake) -> None:
    report = step(mistake.text)
    rows = {row.key: row for row in report.parameters}
    asked = [rows[key] for key in mistake.keys]
    assert report.state_restored
    if mistake.reason in NO_CHANGE:
        assert {(row.proven, row.proof[:10]) for row in asked} == {(None, "Not tried:")}
    elif mistake.reason in HARMLESS_WITHOUT:
        assert {(row.proven, row.proof) for row in asked} == {(None, "")}
    elif mistake.name == "half":  # its rate is too small for float32, too, where the weights are large
        assert {row.proven for row in asked} == {True, False}
        assert all("in float32" in row.proof for row in asked)
    else:
        assert {row.proven for row in asked} == {True}, [row.proof for row in asked]
        assert all(", it moves" in row.proof for row in asked)


@pytest.mark.parametrize("mistake", [*MISTAKES, *HARMLESS], ids=str)
def test_that_a_trial_changes_nothing_that_the_step_says_otherwise(step, mistake: Mistake) -> None:
    plain, tried = step(mistake.text, prove=()), step(mistake.text)
    assert [(row.key, row.reason, row.update_norm) for row in plain.parameters] == [
        (row.key, row.reason, row.update_norm) for row in tried.parameters
    ]
    assert [problem.message for problem in plain.problems] == [problem.message for problem in tried.problems]


def test_that_the_model_and_torch_are_what_they_were(step, context) -> None:
    backward, load = torch.autograd.backward, torch.nn.Module.load_state_dict
    step(net("h = self.a(x).detach()\nreturn self.b(h)") + trained())
    model = context.state["opened"].model if "opened" in context.state else None
    assert (torch.autograd.backward, torch.nn.Module.load_state_dict) == (backward, load)
    assert model is None or all(each.grad is None and each.requires_grad for each in model.parameters())


def test_that_only_what_was_asked_for_is_tried(step) -> None:
    source = net("return self.b(self.a(x).detach())", "self.c = nn.Linear(2, 2)\nself.c.requires_grad_(False)") + trained()
    rows = {row.key: row for row in step(source, prove=("a.weight",)).parameters}
    assert rows["a.weight"].proven is True
    assert rows["a.bias"].proof == rows["c.weight"].proof == ""


def test_that_causes_behind_each_other_are_taken_away_one_after_the_other(step) -> None:
    source = net("return self.b(self.a(x).detach())", "self.a.requires_grad_(False)") + trained("model.b.parameters()")
    row = step(source).parameters[0]
    assert row.reason == "requires-grad-false"
    assert row.proof.startswith("With the same batch, unfrozen and added to the optimizer and without the cut, it moves")


def test_that_what_still_does_not_move_says_what_lies_behind(step) -> None:
    source = net("return self.b(self.a(x).argmax(1).float()[:, None].expand(-1, 6))", "self.a.requires_grad_(False)") + trained()
    row = step(source).parameters[0]
    assert (row.reason, row.proven) == ("requires-grad-false", False)
    assert "unfrozen, it still does not move: `argmax` has no derivative" in row.proof


def test_that_a_replay_that_fails_says_so(step) -> None:
    source = (
        net("if self.a.weight.requires_grad:\n    raise RuntimeError('not meant to train')\nreturn self.b(self.a(x))").replace(
            "        self.b = nn", "        self.a.requires_grad_(False)\n        self.b = nn"
        )
        + LOSS
    )
    row = step(source).parameters[0]
    assert row.proven is False
    assert row.proof == "With the same batch, unfrozen, the step fails: not meant to train"


def test_that_the_problem_carries_the_trial_as_its_repair(step) -> None:
    report = step(net("return self.b(self.a(x).detach())") + trained())
    (fix,) = report.problems[0].fixes
    assert fix.verified
    assert fix.outcome.startswith("With the same batch, without the cut, it moves")
    assert fix.text


def test_that_zeros_are_measured_from_the_small_numbers_in_their_place(step) -> None:
    zeros = "nn.init.zeros_(self.a.weight)\nnn.init.zeros_(self.a.bias)\nnn.init.zeros_(self.b.weight)"
    report = step(net("return self.b(self.a(x))", zeros) + trained(lr="0.0"))
    row = next(each for each in report.parameters if each.key == "a.weight")
    assert row.reason == "zero-init"
    # To put numbers there is no learning: the rate of zero shows behind it.
    assert "in place of the zeros and with a learning rate of 0.001, it moves" in row.proof


def test_that_nothing_is_tried_where_everything_moves(step) -> None:
    assert {(row.proof, row.proven) for row in step(PLAIN + LOSS).parameters} == {("", None)}


def test_that_each_trial_is_told_as_progress(step, context, monkeypatch) -> None:
    told = []
    monkeypatch.setattr(context, "progress", lambda done, total, what="": told.append((done, total, what)))
    step(net("return self.b(self.a(x).detach())", "self.c = nn.Linear(2, 2)\nself.c.requires_grad_(False)") + trained())
    assert told[-2:] == [(0, 2, "replaying the step for a.weight"), (1, 2, "replaying the step for c.weight")]
