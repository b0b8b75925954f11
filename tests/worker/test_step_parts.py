"""The parts of an instrumented step, each by itself: motions, gradients, what is watched, what a trace follows."""

import math
import random

import pytest
import torch
from torch import nn

from torchloupe.analysis.registration.forward_facts import NOWHERE
from torchloupe.wire.steps import BACKWARD, MADE, STEP, ZERO_GRAD
from torchloupe.worker.places import Places
from torchloupe.worker.step import gradient_trace
from torchloupe.worker.step.gradient_path import MOST, GradientPaths
from torchloupe.worker.step.gradient_trace import GradientTrace, Node, ancestors, where_lost
from torchloupe.worker.step.kept_optimizers import KeptOptimizers
from torchloupe.worker.step.motion import gradients_of, is_same_gradient, motion_between, motion_undone, norm_of
from torchloupe.worker.step.parameters import parameters_of
from torchloupe.worker.step.step_watch import StepWatch
from torchloupe.worker.step.vanishing import zero_kind

# motion


def test_that_a_motion_is_exact_over_many_pieces() -> None:
    before = torch.zeros(200_000)
    after = before.clone()
    after[::2] = 3.0
    motion = motion_between(before, after)
    assert (motion.weight_norm, motion.changed) == (0.0, 100_000)
    assert motion.update_norm == pytest.approx(3.0 * math.sqrt(100_000), rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64])
def test_that_every_dtype_has_a_motion(dtype: torch.dtype) -> None:
    before = torch.ones(4, dtype=dtype)
    motion = motion_between(before, before + 1)
    assert (motion.weight_norm, motion.update_norm) == (2.0, 2.0)
    assert motion.changed == 4


def test_that_a_complex_number_changes_once() -> None:
    before = torch.ones(4, dtype=torch.complex64)
    assert motion_between(before, before + (1 + 1j)).changed == 4


def test_that_a_motion_can_be_undone_while_it_is_measured() -> None:
    before = torch.randn(1000)
    after = before + 0.5
    expected = motion_between(before, after)
    found = motion_undone(before, after)
    assert found in (expected, None)  # None without the compiled library
    assert torch.equal(before, after) is (found is not None)


def test_that_what_has_no_room_or_lies_otherwise_is_not_undone() -> None:
    for dtype in (torch.float64, torch.bfloat16):
        before = torch.zeros(10, dtype=dtype)
        after = before + 1
        assert motion_undone(before, after) is None
        assert bool((after == 1).all())
    square = torch.zeros(4, 4)
    assert motion_undone(square, (square + 1).t()[:2]) is None


@pytest.mark.parametrize("value", [math.inf, math.nan, 1e30])
def test_that_odd_numbers_are_undone_and_measured_alike(value: float) -> None:
    before, after = torch.ones(8), torch.ones(8)
    after[3] = value
    expected = motion_between(before, after.clone())
    found = motion_undone(before, after)
    if found is not None:
        assert found.changed == expected.changed == 1
        assert str(found.update_norm) == str(expected.update_norm) or found.update_norm == pytest.approx(expected.update_norm)
        assert torch.equal(before, after)


def test_that_tiny_and_huge_changes_are_not_lost() -> None:
    tiny = motion_between(torch.zeros(4), torch.full((4,), 1e-30))
    assert tiny.update_norm == pytest.approx(2e-30)
    huge = motion_between(torch.zeros(4, dtype=torch.float16), torch.full((4,), 60000.0, dtype=torch.float16))
    assert huge.update_norm == pytest.approx(120000, rel=1e-3)


def test_that_nothing_changed_is_nothing() -> None:
    weight = torch.randn(5, 7)
    assert motion_between(weight, weight.clone())[1:] == (0.0, 0)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_that_what_is_no_longer_finite_counts_as_changed(value: float) -> None:
    motion = motion_between(torch.ones(3), torch.tensor([1.0, value, 1.0]))
    assert motion.changed == 1
    assert not math.isfinite(motion.update_norm)


def test_that_only_gradients_that_are_there_are_measured() -> None:
    one, two, three = (nn.Parameter(torch.ones(3)) for _ in range(3))
    one.grad, two.grad = torch.full((3,), 2.0), torch.zeros(3)
    found = gradients_of([one, two, three])
    assert found[id(one)].norm == pytest.approx(math.sqrt(12))
    assert found[id(two)].is_zero
    assert id(three) not in found


@pytest.mark.parametrize(
    ("value", "is_zero", "is_finite"), [(1e-30, False, True), (1e30, False, True), (math.nan, False, False), (0.0, True, True)]
)
def test_that_a_gradient_is_zero_only_when_all_of_it_is(value: float, is_zero: bool, is_finite: bool) -> None:
    weight = nn.Parameter(torch.ones(3))
    weight.grad = torch.full((3,), value)
    gradient = gradients_of([weight])[id(weight)]
    assert (gradient.is_zero, gradient.is_finite) == (is_zero, is_finite)


def test_that_a_gradient_that_was_written_to_is_another_one() -> None:
    weight = nn.Parameter(torch.ones(3))
    weight.grad = torch.ones(3)
    known = gradients_of([weight])[id(weight)]
    assert is_same_gradient(weight, known)
    weight.grad.mul_(0.5)
    assert not is_same_gradient(weight, known)
    weight.grad = None
    assert not is_same_gradient(weight, known)
    assert is_same_gradient(weight, None)


def test_that_sparse_and_empty_tensors_have_a_norm() -> None:
    table = nn.Embedding(5, 1, sparse=True)
    (table(torch.tensor([0, 0, 2])).squeeze(1) * torch.tensor([1.0, 2.0, 4.0])).sum().backward()
    assert norm_of(table.weight.grad) == 5.0
    assert norm_of(torch.zeros(0)) == 0.0


def test_that_parameters_are_found_once_whatever_the_model_says() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(2, 2), nn.LazyLinear(2)
            self.again = self.a

        def named_parameters(self, *_args, **_kwargs):
            raise RuntimeError("not for you")

    assert list(parameters_of(Odd())) == ["a.weight", "a.bias"]


# what is watched


def watch_of(model: nn.Module) -> StepWatch:
    return StepWatch(model, KeptOptimizers(), Places(), lambda: None)


def test_that_the_calls_of_a_step_are_events_with_places_and_the_loss() -> None:
    model = nn.Linear(2, 1)
    with watch_of(model) as watch:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        optimizer.zero_grad()
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    assert [event.kind for event in watch.events] == [MADE, ZERO_GRAD, BACKWARD, STEP]
    assert {event.file for event in watch.events} == {__file__}
    assert watch.events[2].value is not None
    assert watch.seats[id(model.weight)].lr == 0.1


def test_that_everything_is_as_before_when_the_watch_ends() -> None:
    before = (torch.optim.Optimizer.zero_grad, nn.Module.train, torch.autograd.backward, nn.functional.cross_entropy)
    model = nn.Linear(2, 1)
    with watch_of(model):
        assert torch.autograd.backward is not before[2]
    assert before == (torch.optim.Optimizer.zero_grad, nn.Module.train, torch.autograd.backward, nn.functional.cross_entropy)
    torch.optim.SGD(model.parameters(), lr=0.1)


def test_that_a_scheduler_that_torch_steps_itself_is_no_event() -> None:
    model = nn.Linear(2, 1)
    with watch_of(model) as watch:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
        assert watch.lines_of("schedule") == []
        optimizer.step()
        scheduler.step()
    assert [event.what for event in watch.lines_of("schedule")] == ["StepLR"]


def test_that_tensors_of_no_module_are_strangers() -> None:
    model, loose = nn.Linear(2, 1), nn.Parameter(torch.ones(7))
    with watch_of(model) as watch:
        torch.optim.SGD([*model.parameters(), loose], lr=0.1)
    assert [tuple(each.shape) for each in watch.strangers.values()] == [(7,)]


def test_that_accumulated_gradients_do_not_pile_up_and_used_ones_do() -> None:
    model = nn.Linear(2, 1)
    for steps_each_time, piles in ((False, False), (True, True)):
        with watch_of(model) as watch:
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            optimizer.zero_grad()
            for _ in range(2):
                model(torch.ones(1, 2)).sum().backward()
                if steps_each_time:
                    optimizer.step()
        assert (watch.piled_up is not None) is piles


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (torch.randn(4, 3).softmax(1), True),
        (torch.randn(4, 3), False),
        (torch.randn(4, 3).log_softmax(1), False),
        (torch.ones(4, 1), False),
    ],
)
def test_that_only_rows_that_a_softmax_made_are_probabilities(given: torch.Tensor, told: bool) -> None:
    with watch_of(nn.Linear(1, 1)) as watch:
        nn.functional.cross_entropy(given, torch.zeros(4, dtype=torch.long))
    assert (watch.probabilities is not None) is told


def test_that_a_kept_optimizer_is_what_it_was() -> None:
    weight = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.Adam([weight], lr=0.1)
    weight.grad = torch.ones(2)
    optimizer.step()
    kept = KeptOptimizers()
    kept.keep(optimizer)
    average = optimizer.state[weight]["exp_avg"].clone()
    for _ in range(2):  # and so each time
        optimizer.param_groups[0]["lr"] = 0.5
        optimizer.step()
        kept.keep(optimizer)
        kept.restore()
        assert torch.equal(optimizer.state[weight]["exp_avg"], average)
        assert optimizer.param_groups[0]["lr"] == 0.1
        assert optimizer.param_groups[0]["params"][0] is weight


# what a trace follows


def traced(model: nn.Module, loss) -> tuple[GradientTrace, dict[str, int], dict[str, float | None]]:
    """The trace of one backward pass, the bit of each parameter, and the norm of its gradient."""
    parameters = parameters_of(model)
    bits = {key: 1 << number for number, key in enumerate(parameters)}
    trace = GradientTrace(list(parameters.values()), sum(bits.values()), Places(), lambda: None, lambda: None)
    with trace:
        loss(model).backward()
    norms = {key: None if each.grad is None else norm_of(each.grad) for key, each in parameters.items()}
    return trace, bits, norms


def test_that_a_cut_beside_the_way_to_the_loss_is_not_blamed() -> None:
    model = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})

    def loss(model: nn.Module) -> torch.Tensor:
        hidden = model["a"](torch.ones(1, 2))
        hidden.detach().sum()
        return model["b"](hidden.round().detach()).sum()

    trace, bits, norms = traced(model, loss)
    lost = where_lost(trace, bits["a.weight"], norms["a.weight"])
    assert lost is not None
    assert (lost.kind, lost.operation) == ("detached", "detach")
    assert lost.at.line == loss.__code__.co_firstlineno + 3


def test_that_the_operation_that_makes_zeros_of_a_gradient_is_named_not_one_before_it() -> None:
    model = nn.Linear(2, 2)
    trace, bits, norms = traced(model, lambda net: (net(torch.ones(1, 2)).tanh().floor() * 2).sum())
    lost = where_lost(trace, bits["weight"], norms["weight"])
    assert lost is not None
    assert (lost.kind, lost.operation) == ("zero-gradient-op", "floor")


def test_that_what_no_operation_used_was_not_used() -> None:
    model = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
    trace, bits, _ = traced(model, lambda net: net["a"](torch.ones(1, 2)).sum())
    assert trace.used == bits["a.weight"] | bits["a.bias"]


def test_that_a_result_that_goes_nowhere_is_not_in_the_loss() -> None:
    model = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})

    def loss(net: nn.Module) -> torch.Tensor:
        net["b"](torch.ones(1, 2)).relu()
        return net["a"](torch.ones(1, 2)).sum()

    trace, bits, _ = traced(model, loss)
    lost = where_lost(trace, bits["b.weight"], None)
    assert lost is not None
    assert (lost.kind, lost.operation) == ("not-in-loss", "relu")


def test_that_a_gradient_through_an_operation_in_place_is_followed() -> None:
    model = nn.Linear(2, 2)
    trace, bits, norms = traced(model, lambda net: (net(torch.ones(1, 2)) - 100).relu_().sum())
    lost = where_lost(trace, bits["weight"], norms["weight"])
    assert lost is not None
    assert lost.kind == "dead-relu"


ONES, ZEROS = torch.ones(2, 3), torch.zeros(2, 3)


@pytest.mark.parametrize(
    ("name", "operands", "results", "words", "kind"),
    [
        ("relu", [ONES], [ZEROS], ((ONES,), {}), "dead-relu"),
        ("tanh", [ONES], [ONES], ((ONES,), {}), "saturated"),
        ("softmax", [ONES], [ONES], ((ONES, 1), {}), "saturated"),
        ("softmax", [ONES[:, :1]], [ONES[:, :1]], ((ONES, 1), {}), "softmax-single-logit"),
        ("softmax", [ONES[:, :1]], [ONES[:, :1]], ((ONES,), {"dim": -1}), "softmax-single-logit"),
        ("cross_entropy", [ONES[:, :1]], [ONES[0, 0]], ((), {}), "softmax-single-logit"),
        ("cross_entropy", [ONES], [ONES[0, 0]], ((), {}), ""),
        ("sign", [ONES], [ONES], ((ONES,), {}), "zero-gradient-op"),
        ("*", [ONES], [ZEROS], ((ONES, 0.0), {}), "zero-loss-weight"),
        ("*", [ONES, ZEROS], [ZEROS], ((ONES, ZEROS), {}), ""),  # a mask may hold nothing else this time
        ("*", [ONES, torch.zeros(())], [ZEROS], ((ONES, torch.zeros(())), {}), "zero-loss-weight"),
        ("*", [ONES], [ONES], ((ONES, 2.0), {}), ""),
        ("linear", [ONES, ZEROS], [ZEROS], ((ONES, ZEROS), {}), ""),
    ],
)
def test_that_an_operation_that_can_make_zeros_is_known_by_its_name_and_values(name, operands, results, words, kind) -> None:
    assert zero_kind(name, operands, results, words) == kind


# many operations


def test_that_the_way_to_the_loss_is_looked_for_once(monkeypatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(gradient_trace, "ancestors", lambda nodes, losses: asked.append(1) or ancestors(nodes, losses))
    weights = [torch.ones(2, requires_grad=True) for _ in range(5)]
    trace = GradientTrace(list(weights), 0, Places(), lambda: None, lambda: None)
    with trace:
        torch.stack([each.detach() * 2 for each in weights]).sum().requires_grad_().backward()
    found = [where_lost(trace, 1 << number, None) for number in range(5)]
    assert [each.kind for each in found if each is not None] == ["detached"] * 5
    assert len({each.node for each in found if each is not None}) == 5
    assert len(asked) == 1


class Read(list):  # type: ignore[type-arg]
    """Nodes that count how often one is asked for."""

    times = 0

    def __getitem__(self, at):
        self.times += 1
        return super().__getitem__(at)


def test_that_ways_are_those_of_the_graph_and_each_operation_is_looked_at_once() -> None:
    dice = random.Random(0)
    nodes = Read()
    for number in range(400):
        node = Node(
            number, "op", NOWHERE, tuple({dice.randrange(max(0, number - 9), number) for _ in range(2)} if number else ()), 1
        )
        node.layer = f"layer {dice.randrange(90)}"
        nodes.append(node)
    paths = GradientPaths(nodes, [395])
    told = [paths.around(number) for number in range(400)]
    assert nodes.times < 3000
    above = [ancestors(nodes, [number]) for number in range(400)]
    for number, (after, before) in enumerate(told):
        between = [each for each in above[395] if number in above[each] and each != number and number in above[395]]
        assert after == names(nodes, between)
        assert before == names(nodes, above[number] - {number})


def names(nodes, numbers):
    return tuple(dict.fromkeys(nodes[each].layer for each in sorted(numbers, reverse=True)))[:MOST]
