"""The watches one by one: what is finite, what an operand was, where bad values come from, which units fired, what a repair changes."""

import inspect
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from torchloupe.analysis.numerics import origin_causes as causes
from torchloupe.analysis.numerics.facts import INF, NAN
from torchloupe.analysis.registration.forward_facts import Spot
from torchloupe.wire.problems import ERROR, Fix, Problem
from torchloupe.worker.module_tree import walk_modules
from torchloupe.worker.numerics.gradient_watch import GradientWatch
from torchloupe.worker.numerics.input_facts import input_facts
from torchloupe.worker.numerics.tried_repairs import ALL_FINITE, RepairedOperation, with_tried_fix
from torchloupe.worker.numerics.unit_watch import UnitWatch
from torchloupe.worker.numerics.value_watch import ValueWatch, is_finite, module_names, operand
from torchloupe.worker.places import Places
from torchloupe.worker.registration.call_watch import CallWatch

PLACES = Places(None)
BAD = torch.tensor([1.0, math.nan, math.inf, -math.inf, 0.0, 2.0])


def watched(run, names=None):
    """What a ``ValueWatch`` saw while ``run`` ran, and its result."""
    calls = CallWatch(lambda: None)
    watch = ValueWatch(PLACES, calls, names or {}, {})
    with calls, watch:
        result = run()
    return watch, result


def births(run, names=None):
    """The births, those that the result has marked."""
    watch, result = watched(run, names)
    return watch.births_reaching([result] if isinstance(result, torch.Tensor) else [])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_that_nan_and_inf_are_found_in_every_floating_dtype(dtype):
    assert is_finite(torch.ones(3, dtype=dtype))
    for value in (math.nan, math.inf, -math.inf):
        assert not is_finite(torch.tensor([1.0, value], dtype=dtype))


def test_that_what_cannot_be_bad_or_cannot_be_counted_counts_as_finite():
    assert is_finite(torch.arange(3))
    assert is_finite(torch.empty(0))
    assert is_finite(torch.ones(2, 2).to_sparse())
    assert is_finite(torch.ones(3, device="meta"))
    assert is_finite(torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged))
    assert is_finite(torch.ones(3).to(torch.float8_e4m3fn))
    assert not is_finite(torch.tensor([complex(1, math.nan)]))
    assert is_finite(torch.tensor([1 + 2j]))


def test_that_an_operand_is_told_by_its_finite_range_and_its_value_at_the_place():
    facts = operand(BAD, "x", (4,), (6,))
    assert (facts.name, facts.shape, facts.dtype) == ("x", (6,), "float32")
    assert (facts.low, facts.high, facts.nan, facts.inf, facts.value) == (0.0, 2.0, 1, 2, 0.0)


def test_that_the_value_is_found_through_broadcasting_and_not_where_shapes_do_not_meet():
    column = torch.tensor([[1.0], [2.0]])
    assert operand(column, "", (1, 2), (2, 3)).value == 2.0
    assert operand(torch.tensor(7.0), "", (1, 2), (2, 3)).value == 7.0
    assert operand(column, "", (1,), (6,)).value is None
    assert operand(torch.ones(5), "", (1, 2), (2, 3)).value is None
    assert operand(torch.empty(0), "").low is None
    assert operand(torch.tensor([True]), "").low is None
    assert operand(torch.full((2,), math.nan), "").high is None


def test_that_the_birth_has_the_operation_the_place_and_the_index():
    x = torch.tensor([[1.0, 2.0], [3.0, -4.0]])
    (birth,) = births(lambda: torch.sqrt(x))
    assert (birth.kind, birth.operation, birth.function) == (NAN, "sqrt", "sqrt")
    assert (birth.shape, birth.count, birth.index, birth.reaches_output) == ((2, 2), 1, (1, 1), True)
    assert birth.spot.file == __file__
    assert "torch.sqrt(x)" in inspect.getsource(inspect.getmodule(births)).splitlines()[birth.spot.line - 1]
    assert birth.operands[0].value == -4.0


def test_that_bad_values_are_followed_through_operations_views_and_containers():
    x = torch.tensor([[-1.0, 2.0]])
    found = births(lambda: torch.cat(torch.log(x).t().split(1)).reshape(1, 2).T * 2)
    assert [birth.function for birth in found] == ["log"]
    assert found[0].reaches_output


def test_that_a_result_that_was_mended_reaches_nothing():
    x = torch.tensor([-1.0, 2.0])
    assert [birth.reaches_output for birth in births(lambda: torch.nan_to_num(torch.log(x)))] == [False]


def test_that_operations_in_place_are_looked_at_and_what_they_mend_is_mended():
    x = torch.tensor([-1.0, 4.0])
    (birth,) = births(lambda: x.clone().sqrt_())
    assert (birth.function, birth.reaches_output) == ("sqrt_", True)

    def mended():
        root = torch.sqrt(x)
        root.nan_to_num_()
        return root + 1

    assert [each.reaches_output for each in births(mended)] == [False]
    out = torch.zeros(2)
    assert [each.function for each in births(lambda: torch.log(x, out=out))] == ["log"]


def test_that_an_inf_is_born_in_an_operation_and_meant_in_a_constant():
    x = torch.tensor([0.0, 1.0])
    (birth,) = births(lambda: 1.0 / x)
    assert (birth.kind, birth.is_negative) == (INF, False)
    assert births(lambda: -1.0 / x)[0].is_negative
    assert births(lambda: torch.full((2,), -math.inf) + x) == ()
    assert births(lambda: x.masked_fill(x > 0, -math.inf)) == ()
    assert births(lambda: torch.log(x)) == ()  # a mask of zeros and ones
    assert len(births(lambda: torch.log(x / 2))) == 1


def test_that_a_nan_made_of_an_inf_knows_which():
    x = torch.tensor([0.0, 1.0])

    def run():
        large = 1.0 / x
        return large - large

    first, second = births(run)
    assert second.because is not None
    assert second.because.function == first.function
    assert second.reaches_output


def test_that_what_comes_in_bad_is_told_by_its_name_when_it_is_used():
    x = torch.tensor([1.0, math.nan])
    (birth,) = births(lambda: x * 2, {id(x): "x"})
    assert (birth.function, birth.operands[0].name, birth.index) == ("", "x", (1,))
    assert births(lambda: torch.ones(2) * 2, {id(x): "x"}) == ()
    mask = torch.tensor([0.0, -math.inf])
    assert births(lambda: mask + 1) == ()
    weight = nn.Parameter(torch.tensor([1.0, math.inf]))
    (infinite,) = births(lambda: weight * 2, {id(weight): "weight"})
    assert (infinite.kind, infinite.function) == (INF, "")


def test_that_a_written_nan_says_so():
    (birth,) = births(lambda: torch.full((2,), math.nan) * 2)
    assert birth.is_written


def test_that_fresh_memory_that_is_written_later_is_not_told():
    """What lies in fresh memory is chance: here it is always NaN."""

    class Made(nn.Module):
        def __init__(self):
            super().__init__()
            garbage = nn.Linear(3, 3)
            nn.init.constant_(garbage.weight, math.nan)
            self.first = torch.full_like(garbage.weight, math.nan)
            nn.init.kaiming_uniform_(self.first)

        def forward(self, x):
            return x @ self.first

    found = births(lambda: Made()(torch.ones(2, 3)))  # one of the constant, and now and then one of what the layer lay in
    assert found
    assert all(birth.is_written and not birth.reaches_output for birth in found)


def test_that_a_softmax_knows_whether_all_of_a_row_is_masked():
    rows = torch.tensor([[0.0, 1.0], [-math.inf, -math.inf]])
    (birth,) = births(lambda: F.softmax(rows, dim=-1))
    assert (birth.all_masked, birth.dimension, birth.index) == (True, -1, (1, 0))
    (other,) = births(lambda: F.softmax(torch.tensor([math.inf, 1.0]), dim=0))
    assert not other.all_masked


def test_that_a_loss_knows_when_it_leaves_out_every_target():
    logits = torch.randn(3, 4)
    assert births(lambda: F.cross_entropy(logits, torch.full((3,), -100)))[0].ignored == 3
    assert births(lambda: F.nll_loss(logits, torch.full((3,), 1), ignore_index=1))[0].ignored == 3
    assert births(lambda: F.cross_entropy(logits, torch.tensor([1, 2, -100]))) == ()


def test_that_the_watch_does_not_look_at_its_own_operations_or_change_gradients():
    x = torch.ones(2, requires_grad=True)
    watch, result = watched(lambda: (x * 2).sum())
    assert result.requires_grad
    with watch.at_rest(), watch:
        torch.log(torch.tensor(-1.0))
    assert watch.births == []


def test_that_parameters_and_buffers_have_their_keys():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    names = module_names(list(walk_modules(model)))
    assert names[id(model[0].weight)] == "0.weight"
    assert names[id(model[1].running_mean)] == "1.running_mean"


# units


def units_of(model, *batches, outputs=()):
    """What a ``UnitWatch`` saw of these batches."""
    walked = list(walk_modules(model))
    paths = {id(module): path for path, module in walked}
    calls = CallWatch(lambda: None)
    units = UnitWatch(paths, [])
    values = ValueWatch(PLACES, calls, {}, paths, units.seen)
    units.watch = values
    with calls, units, values:
        results = [model(batch) for batch in batches]
    return units.quiet([*outputs, *results])


def layer(*signs):
    """A layer whose first units fire for positive inputs, or for negative ones."""
    made = nn.Linear(8, len(signs))
    with torch.no_grad():
        made.weight.copy_(torch.tensor([[float(sign)] * 8 for sign in signs]))
        made.bias.zero_()
    return made


def test_that_a_unit_is_dead_only_when_it_rests_in_all_positions_of_all_calls():
    model = nn.Sequential(layer(1, -1, 1), nn.ReLU())
    (units,) = units_of(model, torch.ones(4, 8))
    assert (units.units, units.observations, units.dead, units.layer, units.module) == (3, 4, 1, "0", "1")
    (both,) = units_of(model, torch.ones(4, 8), -torch.ones(4, 8))
    assert (both.dead, both.observations) == (0, 8)
    mixed = torch.ones(2, 5, 8)
    mixed[1, 4] = -1
    assert units_of(model, mixed)[0].dead == 0


@pytest.mark.parametrize("fire", [F.relu, torch.relu, F.relu6, lambda x: x.clamp(min=0), lambda x: F.relu(x, inplace=True)])
def test_that_every_way_to_write_it_is_seen(fire):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = layer(1, -1)

        def forward(self, x):
            return fire(self.fc(x))

    (units,) = units_of(Net(), torch.ones(4, 8))
    assert (units.dead, units.layer) == (1, "fc")


@pytest.mark.parametrize(
    ("module", "shape", "units"),
    [
        (nn.Conv1d(3, 5, 3), (2, 3, 9), 5),
        (nn.Conv2d(3, 5, 3), (2, 3, 9, 9), 5),
        (nn.Conv2d(3, 5, 3), (3, 9, 9), 5),
        (nn.ConvTranspose2d(3, 5, 3), (2, 3, 9, 9), 5),
        (nn.BatchNorm2d(3), (2, 3, 9, 9), 3),
        (nn.BatchNorm1d(3), (4, 3), 3),
        (nn.LayerNorm(6), (2, 4, 6), 6),
        (nn.Linear(6, 7), (6,), 7),
    ],
)
def test_that_the_units_are_counted_along_their_own_dimension(module, shape, units):
    torch.manual_seed(0)
    assert [each.units for each in units_of(nn.Sequential(module, nn.ReLU()), torch.randn(shape))] == [units]


def test_that_what_cannot_fire_is_shown_by_bias_and_input_alone():
    model = nn.Sequential(layer(1, 1, 1), nn.ReLU())
    with torch.no_grad():
        model[0].bias.copy_(torch.tensor([0.0, -3.0, -30.0]))
    (units,) = units_of(model, torch.ones(4, 8) * 0.5)
    assert (units.dead, units.cannot) == (1, 1)
    (small,) = units_of(model, torch.ones(4, 8) * 0.1)
    assert (small.dead, small.cannot) == (2, 0)  # so small an input proves nothing


def test_that_a_relu_after_something_else_than_a_layer_is_left_alone():
    assert units_of(nn.Sequential(nn.Flatten(), nn.ReLU()), torch.randn(4, 8)) == ()


def test_that_values_at_the_limits_are_counted():
    (units,) = units_of(nn.Sequential(nn.Tanh(), nn.Linear(8, 8), nn.Linear(8, 8)), torch.full((8, 8), 50.0))
    assert (units.limited, units.low, units.high, units.is_answer) == (1.0, 50.0, 50.0, False)
    (answer,) = units_of(nn.Sigmoid(), torch.full((8, 8), 50.0))
    assert answer.is_answer
    assert units_of(nn.Tanh(), torch.zeros(2, 2)) == ()  # too few to say


# inputs


def test_that_inputs_are_measured():
    table = torch.randn(20, 3)
    table[:, 0] = 5.0
    ((facts, tensor),) = input_facts([("x", table)])
    assert tensor is table
    assert (facts.name, facts.shape, facts.still, facts.is_used) == ("x", (20, 3), (0,), False)
    assert facts.mean == pytest.approx(float(table.mean()), abs=1e-5)
    bad = torch.tensor([[1.0, math.nan], [math.inf, 2.0]])
    ((broken, _),) = input_facts([("x", bad)])
    assert (broken.nan, broken.inf, broken.index, broken.low, broken.high) == (1, 1, (0, 1), 1.0, 2.0)


@pytest.mark.parametrize("tensor", [torch.arange(3), torch.empty(0, 3), torch.ones(2, device="meta"), torch.eye(3).to_sparse()])
def test_that_other_inputs_are_named_without_numbers(tensor):
    ((facts, _),) = input_facts([("x", tensor)])
    assert facts.low is None
    assert facts.widest == 1.0


def test_that_only_tables_with_samples_have_features():
    ((few, _),) = input_facts([("x", torch.ones(4, 3))])
    ((same, _),) = input_facts([("x", torch.ones(20, 3))])
    assert few.still == same.still == ()


# repairs


def repaired(repair, operation, run, line):
    with RepairedOperation(repair, operation, Spot(__file__, line), PLACES):
        return run()


def line_of(run):
    return inspect.getsourcelines(run)[1]


@pytest.mark.parametrize(
    ("repair", "operation", "run"),
    [
        (causes.ADD_EPS, "rsqrt", lambda: torch.rsqrt(torch.zeros(2))),
        (causes.ADD_EPS_BELOW, "/", lambda: torch.ones(2) / torch.zeros(2)),
        (causes.AT_LEAST_ZERO, "sqrt", lambda: torch.sqrt(-torch.ones(2))),
        (causes.ABOVE_ZERO, "log", lambda: torch.log(torch.zeros(2))),
        (causes.WITHIN_ONE, "acos", lambda: torch.acos(torch.full((2,), 1.5))),
        (causes.FINITE_MASK, "softmax", lambda: torch.softmax(torch.full((2,), -math.inf), 0)),
    ],
)
def test_that_each_repair_changes_the_operand_at_its_line_alone(repair, operation, run):
    assert not is_finite(run())
    assert is_finite(repaired(repair, operation, run, line_of(run)))
    assert not is_finite(repaired(repair, operation, run, line_of(run) + 1))
    assert not is_finite(repaired(repair, "another", run, line_of(run)))


def test_that_a_fix_is_tried_where_there_is_something_to_try():
    problem = Problem(
        "nan-origin",
        "No.",
        ERROR,
        file="/m.py",
        line=3,
        fixes=(Fix("edit_source", "Do.", value=causes.ADD_EPS),),
        data={"operation": "sqrt"},
    )
    good = with_tried_fix(problem, PLACES, lambda _within: True).fixes[0]
    assert (good.verified, good.outcome) == (True, ALL_FINITE)
    bad = with_tried_fix(problem, PLACES, lambda _within: False).fixes[0]
    assert (bad.verified, bad.outcome) == (False, "there is still NaN or Inf")

    def fails(_within):
        raise RuntimeError("no")

    assert with_tried_fix(problem, PLACES, fails) == problem
    plain = Problem("dead-units", "No.", ERROR, fixes=(Fix("edit_source", "Do."),))
    assert with_tried_fix(plain, PLACES, lambda _within: True) == plain
    half = Problem("inf-origin", "No.", ERROR, fixes=(Fix("edit_source", "Do.", value=causes.OTHER_DTYPE),))
    assert with_tried_fix(half, PLACES, fails) == half
    single = with_tried_fix(half, PLACES, fails, lambda: True).fixes[0]
    assert (single.verified, single.outcome) == (True, "in float32 every value is finite")


# gradients


def test_that_the_gradient_watch_leaves_gradients_as_they_are():
    weight = nn.Parameter(torch.tensor([4.0, 9.0]))
    watch = GradientWatch(PLACES, CallWatch(lambda: None), {id(weight): "weight"}, {})
    with watch:
        torch.sqrt(weight).sum().backward()
    assert weight.grad.tolist() == pytest.approx([0.25, 1 / 6])
    assert watch.birth() is None
    assert len(watch.roots) == 1


def test_that_a_bad_gradient_is_found_with_its_node_and_its_parameter():
    weight = nn.Parameter(torch.tensor([0.0, 9.0]))
    watch = GradientWatch(PLACES, CallWatch(lambda: None), {id(weight): "weight"}, {})
    with watch:
        (torch.sqrt(weight) * torch.tensor([1.0, 2.0])).sum().backward()
    birth = watch.birth()
    assert (birth.kind, birth.node, birth.operation, birth.index) == (INF, "SqrtBackward0", "sqrt", (0,))
    assert birth.parameters == ("weight",)
    assert birth.operands[0].value == 0.0


def test_that_a_custom_function_of_autograd_is_named_by_its_node():
    class Bad(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, gradient):
            return gradient * math.nan

    weight = nn.Parameter(torch.ones(2))
    watch = GradientWatch(PLACES, CallWatch(lambda: None), {id(weight): "weight"}, {})
    with watch:
        Bad.apply(weight * 2).sum().backward()
    birth = watch.birth()
    assert birth.kind == NAN
    assert "Bad" in birth.node
