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


def test_that_zeros_in_one_branch_are_not_blamed_for_another(step) -> None:
    source = """
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(16, 4, bias=False), nn.Linear(4, 16, bias=False)
        nn.init.zeros_(self.b.weight)

    def forward(self, x):
        return x + torch.tanh(x + self.b(self.a(x)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block() for _ in range(3)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


def example_inputs():
    return (torch.randn(2, 16),)
"""
    report = step(source + LOSS)
    still = {row.key: row for row in report.parameters if not row.moved}
    assert set(still) == {f"blocks.{number}.a.weight" for number in range(3)}
    for number in range(3):
        row = still[f"blocks.{number}.a.weight"]
        assert row.reason == "zero-init"
        assert f"`blocks.{number}.b.weight`" in row.text
        assert row.proven


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


# what a reader found


def again(context, **request):
    return training_step(context, RunStep(**request))


GLOBAL = "\nmodel = Net()\nopt = torch.optim.SGD(model.a.parameters(), lr=0.1)\n"


def test_that_a_proof_leaves_no_group_in_an_optimizer_of_the_file(step, context) -> None:
    source = net("return self.b(self.a(x))") + (
        "made = []\n\ndef make_model():\n    made.append(Net())\n    global opt\n    opt = torch.optim.SGD(made[-1].a.parameters(), 0.1)\n"
        "    return made[-1]\n\ndef train_step(model):\n    opt.zero_grad()\n    loss = model(*example_inputs()).pow(2).mean()\n"
        "    loss.backward()\n    opt.step()\n    return loss\n"
    )
    first = step(source)
    assert {row.key for row in first.parameters if row.reason} == {"b.weight", "b.bias"}
    second = again(context)
    assert {row.key for row in second.parameters if row.reason} == {"b.weight", "b.bias"}
    assert len(context.state["open"].target.module.opt.param_groups) == 1


def test_that_schedulers_and_scalers_of_the_file_are_put_back(step, context) -> None:
    source = PLAIN + (
        "\ndef make_model():\n    global opt, schedule, scaler\n    model = Net()\n    opt = torch.optim.SGD(model.parameters(), lr=0.1)\n"
        "    schedule = torch.optim.lr_scheduler.StepLR(opt, 1)\n    scaler = torch.amp.GradScaler('cpu', 8.0, 2.0, 0.5, 1)\n"
        "    return model\n\ndef train_step(model):\n    opt.zero_grad()\n    loss = model(*example_inputs()).pow(2).mean()\n"
        "    scaler.scale(loss).backward()\n"
        "    scaler.step(opt)\n    scaler.update()\n    schedule.step()\n"
    )
    step(source, steps=2)
    module = context.state["open"].target.module
    assert (module.schedule.last_epoch, module.scaler.get_scale(), module.opt.param_groups[0]["lr"]) == (0, 8.0, 0.1)


@pytest.mark.parametrize("options", [{"lr": 0.0}])
def test_that_a_rate_is_raised_in_a_descent_of_ours_too(step, options) -> None:
    assert {row.proven for row in step(PLAIN + LOSS, **options).parameters} == {True}


def test_that_half_precision_is_widened_over_several_steps(step) -> None:
    source = net("return self.b(self.a(x.bfloat16()))", "self.to(torch.bfloat16)") + LOSS
    rows = step(source, optimizer="SGD", lr=1e-6, steps=3).parameters
    assert any(row.reason == "update-underflow" for row in rows)
    assert all(row.proven for row in rows if row.reason == "update-underflow" and "fails" not in row.proof)
    assert not [row.proof for row in rows if "fails" in row.proof]


def test_that_other_parts_without_gradients_stay_so_when_a_cut_is_left_out(step) -> None:
    source = net(
        "with torch.no_grad():\n    self.mean.mul_(0.9).add_(x.mean())\nreturn self.b(self.a(x).detach()) * self.mean",
        "self.register_buffer('mean', torch.zeros(()))",
    )
    row = step(source + trained()).parameters[0]
    assert (row.reason, row.proven) == ("detached", True)


def test_that_what_was_not_met_is_not_called_a_trial(step) -> None:
    copied = PLAIN + trained().replace(
        "    return loss",
        "    with torch.no_grad():\n        for p, q in zip(model.parameters(), old):\n            p.copy_(q)\n    return loss",
    ).replace(
        "    optimizer.zero_grad()", "    old = [p.detach().clone() for p in model.parameters()]\n    optimizer.zero_grad()"
    )
    rows = step(copied).parameters
    assert {row.reason for row in rows} == {"overwritten-after-step"}
    assert {row.proof[:10] for row in rows} == {"Not tried:"}


def test_that_an_output_in_a_tuple_joins_the_loss(step) -> None:
    source = net("self.c(x[:, None])\nreturn self.b(self.a(x))", "self.c = nn.LSTM(6, 3, batch_first=True)") + LOSS
    rows = {row.key: row for row in step(source).parameters}
    assert rows["c.weight_ih_l0"].proven is True


def test_that_integers_among_the_frozen_do_no_harm(step) -> None:
    source = net(
        "return self.b(self.a(x))",
        "self.n = nn.Parameter(torch.arange(3), requires_grad=False)\nself.a.requires_grad_(False)",
    )
    rows = {row.key: row for row in step(source + LOSS).parameters}
    assert rows["a.weight"].proven is True


def test_that_a_replay_that_exits_costs_nothing(step) -> None:
    source = (
        net("if self.a.weight.requires_grad:\n    raise SystemExit(3)\nreturn self.b(self.a(x))", "self.a.requires_grad_(False)")
        + LOSS
    )
    row = step(source).parameters[0]
    assert row.proven is False
    assert "the step fails: it exits with 3" in row.proof


@pytest.mark.parametrize("value", ["float('-inf')", "float('nan')"])
def test_that_what_is_not_finite_and_stays_so_has_not_moved(step, value: str) -> None:
    source = net(
        "return self.b(self.a(x))",
        f"self.register_buffer('mask', torch.full((3, 3), {value}).triu(1))\nself.m = nn.Parameter(torch.full((3,), {value}), False)",
    )
    report = step(source + LOSS)
    assert not report.buffers[0].moved
    assert not next(row for row in report.parameters if row.key == "m").moved
    assert [each for each in report.problems if each.severity != "info"] == []


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_that_odd_buffers_are_no_reason_to_fail(step) -> None:
    odd = (
        "self.register_buffer('f', torch.ones(4).to(torch.float8_e5m2))\n"
        "self.register_buffer('q', torch.quantize_per_tensor(torch.ones(4), 0.1, 0, torch.quint8))"
    )
    report = step(net("return self.b(self.a(x))", odd) + LOSS)
    assert {each.key for each in report.buffers} == {"f", "q"}


def test_that_a_step_is_kept_beside_buffers_that_nobody_can_write_to(step) -> None:
    odd = "self.register_buffer('e', torch.zeros(1).expand(4))\nself.register_buffer('g', torch.zeros(2))"
    report = step(net("self.g.resize_(3)\nreturn self.b(self.a(x))", odd) + LOSS, prove=(), keep=True)
    assert report.kept
