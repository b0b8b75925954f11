"""What would stay behind if the model were moved, and why."""

import functools

import pytest
import torch
from torch import nn

from torchloupe.wire.errors import UsageError
from torchloupe.wire.registration import MoveModel
from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.handlers import HANDLERS
from torchloupe.worker.registration.moves import move_model, stays_behind


class Holding(nn.Module):
    """Holds one thing in a way of its own."""

    def __init__(self, **held):
        super().__init__()
        self.head = nn.Linear(2, 2)
        for name, value in held.items():
            setattr(self, name, value)


def left(model, device="cuda", dtype=None):
    return {each.path: each for each in move_model(model, MoveModel(device, dtype)).left_behind}


def test_that_what_is_registered_comes_along():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    moved = move_model(model, MoveModel("cuda:1", "float16"))
    assert (moved.left_behind, moved.moved) == ((), 7)


@pytest.mark.parametrize(
    ("held", "path", "reason"),
    [
        ({"table": torch.ones(3)}, "table", "It is a plain attribute, no buffer."),
        ({"tables": [torch.ones(3)]}, "tables[0]", "It is in a list, no buffer."),
        ({"tables": {"a": torch.ones(3)}}, "tables['a']", "It is in a dict, no buffer."),
        ({"scale": [nn.Parameter(torch.ones(3))]}, "scale[0]", "The Parameter is in a list, where it is not registered."),
        ({"act": functools.partial(torch.mul, torch.ones(3))}, "act.args[0]", "It is in a functools.partial, no buffer."),
    ],
)
def test_that_each_tensor_that_stays_behind_has_its_place_and_its_reason(held, path, reason):
    (found,) = left(Holding(**held)).values()
    assert (found.path, found.reason, found.shape, found.device, found.expected) == (path, reason, (3,), "cpu", "cuda")


def test_that_the_result_of_an_operation_on_a_parameter_is_named_as_such():
    (found,) = left(Holding(prompt=nn.Parameter(torch.ones(3)) * 0.02)).values()
    assert "result of an operation on a Parameter" in found.reason


def test_that_each_tensor_of_a_hidden_module_is_listed():
    found = left(Holding(layers=[nn.Linear(2, 3)]))
    assert set(found) == {"layers[0].weight", "layers[0].bias"}
    assert found["layers[0].bias"].reason == "It belongs to `layers[0]` (Linear), which is in a list and not registered."


def test_that_a_closure_is_named():
    hidden = nn.Linear(2, 2, bias=False)
    (found,) = left(Holding(act=lambda x: hidden(x))).values()
    assert "which is in a function's closure and not registered" in found.reason


def test_that_only_floating_tensors_change_their_dtype():
    model = Holding(table=torch.ones(3), order=torch.arange(3), mask=torch.ones(3).bool())
    assert set(left(model, None, "float16")) == {"table"}
    found = left(model, "cuda", "half")
    assert {path: each.expected for path, each in found.items()} == {"table": "cuda float16", "order": "cuda", "mask": "cuda"}


def test_that_a_tensor_that_is_there_already_does_not_stay_behind():
    assert left(Holding(table=torch.ones(3)), "cpu") == {}
    assert left(Holding(table=torch.ones(3).half()), None, "float16") == {}


def test_that_a_class_that_takes_its_tensor_along_is_believed():
    class Caring(Holding):
        def _apply(self, fn, *args, **kwargs):
            self.table = fn(self.table)
            return super()._apply(fn, *args, **kwargs)

    assert left(Caring(table=torch.ones(3)), "cuda", "float16") == {}
    assert stays_behind(Caring(table=torch.ones(3))) == set()
    assert stays_behind(Holding(table=torch.ones(3))) == {"table"}


class Frozen(nn.Module):
    """Its parameters stay where they are."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, 2)

    def _apply(self, fn, *args, **kwargs):
        return self


def test_that_a_class_that_keeps_what_is_registered_is_told():
    kept = left(nn.Sequential(Frozen(), nn.Linear(2, 2)))
    assert set(kept) == {"0.head.weight", "0.head.bias"}
    assert "overrides `_apply`" in kept["0.head.bias"].reason


def test_that_a_model_that_cannot_be_copied_is_judged_by_the_rule_of_torch():
    class Single(Holding):
        def __deepcopy__(self, memo):
            raise TypeError("there is only one of me")

    assert set(left(Single(table=torch.ones(3)), "cuda", "float16")) == {"table"}


def test_that_nothing_of_the_model_changes_and_no_memory_of_its_size_is_needed():
    model = Holding(table=torch.ones(3), wide=[torch.empty(1).expand(1 << 40)])
    before = dict(vars(model))
    found = left(model, "cuda", "float16")
    assert set(found) == {"table", "wide[0]"}
    assert vars(model) == before
    assert (model.table.dtype, model.head.weight.dtype, model.head.weight.device.type) == (torch.float32, torch.float32, "cpu")


def test_that_lazy_and_tied_tensors_are_no_trouble():
    model = Holding(lazy=nn.LazyLinear(3), table=torch.ones(3))
    model.tied = nn.Linear(2, 2)
    model.tied.weight = model.head.weight
    assert set(left(model)) == {"table"}


@pytest.mark.parametrize(("device", "dtype"), [(None, None), ("gpu", None), (None, "int8"), (None, "float17"), ("cpu", "nn")])
def test_that_a_destination_that_is_none_is_refused_in_a_sentence(device, dtype):
    with pytest.raises(UsageError) as refused:
        move_model(Holding(), MoveModel(device, dtype))
    assert refused.value.hint


def test_that_the_handler_moves_the_open_model_and_says_the_line(context, models):
    HANDLERS[OpenTarget](context, OpenTarget(str(models / "registration" / "running" / "position_table.py")))
    (found,) = HANDLERS[MoveModel](context, MoveModel("cuda")).left_behind
    lines = (models / "registration" / "running" / "position_table.py").read_text().splitlines()
    assert "self.positions =" in lines[found.line - 1]


def test_that_a_part_that_copies_itself_by_giving_itself_back_is_not_moved():
    class Shared(nn.Linear):
        def __deepcopy__(self, _memo):
            return self

    model = Holding(teacher=Shared(2, 2), table=torch.ones(3))
    values = model.teacher.weight.detach().clone()
    assert list(left(model)) == ["table"]
    assert model.teacher.weight.device.type == "cpu"
    assert torch.equal(model.teacher.weight, values)
