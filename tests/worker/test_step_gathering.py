"""What is gathered of each parameter after a step, and the training that it is gathered from."""

import types

import pytest
import torch
from torch import nn

from torchloupe.analysis.step.facts import FINITE, NO_GRADIENT, ZERO
from torchloupe.wire import codec
from torchloupe.wire.problems import Problem
from torchloupe.wire.steps import BACKWARD, MEAN_SQUARE, ParameterMotion, RunStep, StepEvent, StepReport
from torchloupe.worker.input_values import SampleInput
from torchloupe.worker.model_state import ModelState
from torchloupe.worker.places import Places
from torchloupe.worker.source_loader import parsed
from torchloupe.worker.step import gathering
from torchloupe.worker.step.gathering import Gathered, gather
from torchloupe.worker.step.kept_optimizers import KeptOptimizers
from torchloupe.worker.step.loss_watch import LossWatch
from torchloupe.worker.step.optimizers import DEFAULT_LR
from torchloupe.worker.step.step_watch import StepWatch
from torchloupe.worker.step.tracing import trace_step
from torchloupe.worker.step.training import Training
from torchloupe.worker.target import Target


def target_of(tmp_path, source: str = "") -> Target:
    """A target whose file holds these functions."""
    module = types.ModuleType("made_here")
    exec("import torch\n" + source, module.__dict__)
    return Target("m.py", module, str(tmp_path / "m.py"), "Net", None, Places())


GIVEN = SampleInput((torch.ones(4, 3),), {}, "given")


def trained(
    model: nn.Module, tmp_path, source: str = "", sources: tuple[str, ...] = (), **request: object
) -> tuple[Gathered, Training]:
    """What one step leaves to be seen."""
    target = target_of(tmp_path, source)
    before, watch = (
        ModelState(model, keep_all=True),
        StepWatch(model, KeptOptimizers(), target.places, lambda: None, target.module),
    )
    training = Training(target, model, GIVEN, RunStep(**request))  # type: ignore[arg-type]
    with watch:
        training.run(watch=watch)
    return gather(model, before, watch, target.places, sources), training


class Two(nn.Module):
    """One layer that is used, one that is not."""

    def __init__(self) -> None:
        super().__init__()
        self.used = nn.Linear(3, 2)
        self.idle = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.used(x)


def test_that_motion_seat_and_gradient_of_each_parameter_are_there(tmp_path) -> None:
    gathered, _ = trained(Two(), tmp_path)
    facts = {each.key: each for each in gathered.parameters}
    assert [each.moved for each in facts.values()] == [True, True, False, False]
    assert [each.gradient for each in facts.values()] == [FINITE, FINITE, NO_GRADIENT, NO_GRADIENT]
    assert {(each.optimizer, each.group, each.lr, each.weight_decay) for each in facts.values()} == {(0, 0, DEFAULT_LR, 0.0)}
    assert facts["used.weight"].defined_at.file == __file__
    assert facts["used.weight"].defined_at.line == Two.__init__.__code__.co_firstlineno + 2
    assert gathered.measured["idle.weight"].update_norm == 0.0


def test_that_a_step_as_a_whole_is_one_value(tmp_path) -> None:
    gathered, training = trained(Two(), tmp_path)
    step = gathered.facts(training.is_own_loop, not training.has_loss, not training.has_optimizer, "")
    assert (step.is_own_loop, step.own_loss, step.own_optimizer, step.failure) == (True, True, True, "")
    assert step.dtypes == ("float32",)
    assert [event.kind for event in step.events] == ["optimizer", "backward", "step"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("model.requires_grad_(False)", True),
        ("p.requires_grad = False", True),
        ("p.requires_grad = True", False),
        ("p.requires_grad_(True)", False),
        ("p.requires_grad_()", False),
    ],
)
def test_that_the_line_that_freezes_is_found_when_there_is_one(tmp_path, line: str, found: bool) -> None:
    file = tmp_path / "freezing.py"
    file.write_text(f"def freeze(model, p):\n    {line}\n")
    model = Two()
    model.idle.requires_grad_(False)
    gathered, _ = trained(model, tmp_path, sources=(str(file),))
    facts = next(each for each in gathered.parameters if each.key == "idle.weight")
    assert (facts.frozen_by, facts.frozen_at.line) == (("statement", 2) if found else ("", None))


def test_that_two_lines_that_freeze_leave_it_open_which(tmp_path) -> None:
    file = tmp_path / "freezing_twice.py"
    file.write_text("def freeze(a, b):\n    a.requires_grad_(False)\n    b.requires_grad_(False)\n")
    model = Two()
    model.idle.requires_grad_(False)
    gathered, _ = trained(model, tmp_path, sources=(str(file),))
    assert {each.frozen_at.line for each in gathered.parameters} == {None}


def test_that_a_trace_adds_what_was_called_and_used(tmp_path) -> None:
    model = Two()
    gathered, training = trained(model, tmp_path)
    before = gathered.facts(True, True, True, "")
    facts = {each.key: each for each in trace_step(model, training, gathered, before, Places(), lambda: None).parameters}
    assert (facts["used.weight"].called, facts["used.weight"].used, facts["used.weight"].lost) == (True, True, None)
    assert (facts["idle.weight"].called, facts["idle.weight"].used, facts["idle.weight"].siblings_called) == (False, False, False)


def test_that_the_zeros_behind_a_zero_gradient_are_named(tmp_path) -> None:
    class Gate(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.gate = nn.Linear(3, 2), nn.Parameter(torch.zeros(2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.a(x) * self.gate + x[:, :2]

    model = Gate()
    gathered, training = trained(model, tmp_path, lr=0.0)
    facts = trace_step(model, training, gathered, gathered.facts(True, True, True, ""), Places(), lambda: None)
    weight = next(each for each in facts.parameters if each.key == "a.weight")
    assert weight.gradient == ZERO
    assert weight.lost is not None
    assert (weight.lost.kind, weight.lost.zeros, weight.lost.zeros_move) == ("zero-init", ("gate",), True)


# the training


def test_that_the_same_loss_comes_out_again_while_nothing_moved(tmp_path) -> None:
    _, training = trained(Two(), tmp_path, lr=0.0)
    done = training.run()
    assert training.loss_again() == done.losses[0]


def test_that_a_projection_has_a_slope_where_the_mean_square_has_none(tmp_path) -> None:
    model = Two()
    nn.init.zeros_(model.used.weight)
    nn.init.zeros_(model.used.bias)
    training = Training(target_of(tmp_path), model, GIVEN, RunStep())
    training.run()
    assert not model.used.weight.grad.any()
    training.run(spread=True)
    assert model.used.weight.grad.any()


@pytest.mark.parametrize(
    ("source", "request_", "loss", "optimizer"),
    [
        ("", {}, MEAN_SQUARE, "default"),
        ("", {"loss": "sum"}, "sum of the outputs", "default"),
        ("def loss_fn(y):\n    return y.sum()", {}, "loss_fn", "default"),
        ("def loss_fn(y):\n    return y.sum()", {"loss": "mean"}, "mean of the outputs", "default"),
        ("def make_optimizer(params):\n    return torch.optim.SGD(params, lr=1)", {}, MEAN_SQUARE, "make_optimizer"),
        ("def make_optimizer(params):\n    return torch.optim.SGD(params, lr=1)", {"optimizer": "Adam"}, MEAN_SQUARE, "given"),
        ("def train_step(model):\n    return 1.5", {}, "train_step", "train_step"),
        ("def train_step(model):\n    return 1.5", {"optimizer": "Adam"}, MEAN_SQUARE, "given"),
    ],
)
def test_that_what_a_person_chose_comes_before_the_file_and_the_file_before_ours(
    tmp_path, source: str, request_: dict[str, str], loss: str, optimizer: str
) -> None:
    _, training = trained(Two(), tmp_path, source, **request_)
    assert (training.loss_source, training.optimizer_source) == (loss, optimizer)


def test_that_a_given_rate_goes_into_the_optimizer_of_the_file(tmp_path) -> None:
    source = "def make_optimizer(params):\n    return torch.optim.SGD([{'params': list(params), 'lr': 1}], lr=2)"
    gathered, _ = trained(Two(), tmp_path, source, lr=0.25)
    assert {each.lr for each in gathered.parameters} == {0.25}


def test_that_the_numbers_that_a_train_step_returns_are_its_losses(tmp_path) -> None:
    _, training = trained(Two(), tmp_path, "def train_step(model):\n    return torch.tensor(1.5)", steps=2)
    assert training.run().losses == [1.5, 1.5]
    assert training.loss_again() is None


# the loss


@pytest.mark.parametrize(
    ("one", "other", "found"), [((4, 1), (4,), True), ((4,), (4,), False), ((4, 1), (1, 4), False), ((4, 3), (3,), False)]
)
def test_that_a_meeting_is_remembered_once(one: tuple[int, ...], other: tuple[int, ...], found: bool) -> None:
    with LossWatch(Places()) as watch:
        difference = torch.ones(one) - torch.ones(other)
        difference.abs().mean()
    assert (watch.found is not None) is found
    if watch.found is not None:
        assert (watch.found.operation, watch.found.result, watch.found.at.file) == ("-", (4, 4), __file__)


def test_that_a_refusal_is_remembered_with_both_shapes() -> None:
    with LossWatch(Places()) as watch, pytest.raises(RuntimeError):
        nn.functional.cross_entropy(torch.ones(4, 3), torch.zeros(4, 1, dtype=torch.long))
    assert watch.found is not None
    assert (watch.found.failed, watch.found.output, watch.found.target) == (True, (4, 3), (4, 1))


# the pipe


def test_that_a_step_crosses_the_pipe_with_numbers_that_are_not_finite() -> None:
    motion = ParameterMotion(
        "a.w", True, "nan-gradient", "no", "m.py", 3, 4, "float32", 0, 0.1, 0.0, 1.0, float("inf"), 0.5, 0.5, 1.0
    )
    report = StepReport(
        (motion,), 1.0, float("inf"), "loss_fn", events=(StepEvent(BACKWARD, "", float("inf")),), problems=(Problem("x", "y"),)
    )
    assert codec.decode(codec.encode(report)) == report
    asked = RunStep(("float32[2]",), "cpu", "eval", 3, "mean", "SGD", 0.1, 2)
    assert codec.decode(codec.encode(asked)) == asked


# many parameters


def test_that_a_source_is_read_once_for_all_that_is_frozen(tmp_path, monkeypatch) -> None:
    read: list[str] = []
    monkeypatch.setattr(gathering, "parsed", lambda file: read.append(file) or parsed(file))
    model = Two()
    model.idle.requires_grad_(False)
    model.used.weight.requires_grad_(False)
    gathered, _ = trained(model, tmp_path)
    assert sum(not each.requires_grad for each in gathered.parameters) == 3
    assert read == [__file__]


# several optimizers


def test_that_all_optimizers_of_a_list_step(tmp_path) -> None:
    source = (
        "def make_optimizer(model):\n"
        "    made = [torch.optim.SGD(each.parameters(), lr=0.1) for each in model.children()]\n"
        "    return [*made, torch.optim.lr_scheduler.StepLR(made[0], 1)]"
    )
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2))
    gathered, training = trained(model, tmp_path, source, lr=0.5)
    assert all(each.moved for each in gathered.parameters)
    assert [each.optimizer for each in gathered.parameters] == [0, 0, 1, 1]
    assert {each.lr for each in gathered.parameters} == {0.5}
    assert all(each.grad is not None for each in model.parameters())
    assert len(training.run().losses) == 1
