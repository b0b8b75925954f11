"""The constructor is watched: what it makes, at which line, what is lost - and nothing is left of the watch."""

import copy
import gc
import inspect
import weakref

import pytest
import torch
from torch import nn

from torchloupe.worker.registration.watch_construction import ConstructionWatch

SIGNATURE = inspect.signature(nn.Module)
NEW = nn.Parameter.__new__


def line_of(function, text):
    lines, first = inspect.getsourcelines(function)
    return first + next(number for number, line in enumerate(lines) if text in line)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)


class Named(Block):
    def __init__(self):
        super().__init__()
        self.name = "named"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        for _ in range(3):
            self.block = Named()
        self.scale = nn.Parameter(torch.ones(2))
        nn.ReLU()


class Again(nn.Module):
    def __init__(self):
        nn.Module.__init__(self)
        self.fc = nn.Linear(2, 2)
        nn.Module.__init__(self)


@pytest.fixture(autouse=True)
def _nothing_stays_patched():
    before = nn.Module.__init__  # dynamo, where an earlier test had it loaded, has patched it for good
    yield
    assert nn.Module.__init__ is before
    assert nn.Parameter.__new__ is NEW


def ids(model):
    return {id(module) for module in model.modules()}


def test_that_what_is_lost_is_told_with_the_line_that_made_it():
    with ConstructionWatch() as watch:
        model = Net()
    lost = watch.lost(ids(model))
    assert sorted(each.kind.__name__ for each in lost) == ["Linear", "Linear", "Named", "Named", "ReLU"]
    by_kind = {each.kind: each.place for each in lost}
    assert by_kind[Named] == (__file__, line_of(Net, "Named()"))
    assert by_kind[nn.Linear] == (__file__, line_of(Block, "nn.Linear"))
    assert by_kind[nn.ReLU] == (__file__, line_of(Net, "nn.ReLU()"))


def test_that_a_module_that_lives_on_elsewhere_is_lost_to_the_model():
    kept = []
    with ConstructionWatch() as watch:
        model = nn.Sequential(nn.Linear(2, 2))
        kept.append(nn.Tanh())
    assert [each.kind for each in watch.lost(ids(model))] == [nn.Tanh]


def test_that_the_place_of_what_exists_is_known():
    with ConstructionWatch() as watch:
        model = Net()
    assert watch.place_of(model.scale) == (__file__, line_of(Net, "nn.Parameter"))
    assert watch.place_of(model.block) == (__file__, line_of(Net, "Named()"))
    assert watch.place_of(model.block.fc.weight) == (__file__, line_of(Block, "nn.Linear"))
    assert watch.place_of(nn.ReLU()) is None
    assert watch.place_of(torch.ones(1)) is None


def test_that_a_second_module_init_is_noticed():
    with ConstructionWatch() as watch:
        Again()
    (wiped,) = watch.wiped
    assert (wiped.class_name, wiped.forgotten) == ("Again", ("fc",))
    assert wiped.place == (__file__, Again.__init__.__code__.co_firstlineno + 3)


def test_that_nothing_is_patched_after_a_constructor_that_raises():
    class Fails(nn.Module):
        def __init__(self):
            super().__init__()
            raise ValueError("no")

    watch = ConstructionWatch()
    with pytest.raises(ValueError, match="no"), watch:
        Fails()
    assert [each.kind for each in watch.lost(set())] == [Fails]


def test_that_no_module_is_kept_alive_and_nobody_hinders_a_swap_of_tensors():
    with ConstructionWatch() as watch:
        model = Net()
    gone = weakref.ref(model)
    assert weakref.getweakrefs(model.scale) == []
    del model
    gc.collect()
    assert gone() is None
    assert len(watch.lost(set())) == 8


def test_that_a_wrapper_of_somebody_else_stays_and_ours_falls_silent():
    before, watch = nn.Module.__init__, ConstructionWatch()
    with watch:
        ours = nn.Module.__init__

        def theirs(module, *arguments, **keywords):
            ours(module, *arguments, **keywords)

        nn.Module.__init__ = theirs
    try:
        assert nn.Module.__init__ is theirs
        nn.Linear(2, 2)
        assert watch.lost(set()) == []
    finally:
        nn.Module.__init__ = before


def test_that_a_watched_constructor_looks_and_fails_as_ever():
    with ConstructionWatch():
        assert inspect.signature(nn.Module) == SIGNATURE
        assert inspect.signature(nn.Linear).parameters["bias"].default is True
        with pytest.raises(TypeError, match=r"Empty.__init__\(\) got an unexpected keyword argument 'size'"):
            type("Empty", (nn.Module,), {})(size=3)
        copied = copy.deepcopy(nn.Linear(2, 2))
        skipped = torch.nn.utils.skip_init(nn.Linear, 2, 3)
        lazy = nn.LazyLinear(3)
    assert isinstance(copied.weight, nn.Parameter)
    assert tuple(skipped.weight.shape) == (3, 2)
    assert isinstance(lazy.weight, nn.UninitializedParameter)


def test_that_watches_may_be_nested():
    with ConstructionWatch() as outer:
        with ConstructionWatch() as inner:
            nn.ReLU()
        nn.Tanh()
    assert [each.kind for each in inner.lost(set())] == [nn.ReLU]
    assert [each.kind for each in outer.lost(set())] == [nn.ReLU, nn.Tanh]


def test_that_a_plain_tensor_in_the_place_of_a_parameter_that_is_gone_has_no_place_of_its_own():
    with ConstructionWatch() as watch:
        for _ in range(100):
            nn.Parameter(torch.ones(2))
        tensors = [torch.ones(2).clone() for _ in range(100)]
    assert [watch.place_of(tensor) for tensor in tensors] == [None] * 100
