"""Which modules are called, what is made meanwhile, and whose forward runs past its call."""

import copy
import sys

import pytest
import torch
from torch import nn

from torchloupe.worker.places import Places
from torchloupe.worker.registration.call_watch import BirthWatch, CallWatch, DirectWatch, EveryCall

X = torch.ones(2, 4)


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(4, 4)

    def forward(self, x):
        return self.lin(x)


class Net(nn.Module):
    """Does in forward what it is told."""

    def __init__(self, work=lambda self, x: self.inner(x)):
        super().__init__()
        self.inner = Inner()
        self.work = work

    def forward(self, x):
        return self.work(self, x)


def calls_of(model):
    calls = CallWatch(lambda: None)
    with calls:
        model(X)
    return calls


def births_of(model):
    calls = CallWatch(lambda: None)
    births = BirthWatch(Places(), calls)
    with births, calls:
        model(X)
    return births


def direct_of(model):
    calls = CallWatch(lambda: None)
    direct = DirectWatch([Net, Inner, nn.Linear], Places(), calls)
    with direct, calls:
        model(X)
    return [module for module, _ in direct.found.values()]


def test_that_every_module_that_is_called_is_known():
    model = Net()
    assert calls_of(model).called == {id(model), id(model.inner), id(model.inner.lin)}


def test_that_the_running_module_is_the_innermost_and_its_owner_none_of_torchs():
    calls = CallWatch(lambda: None)
    seen = []
    model = Net()
    model.inner.lin.register_forward_pre_hook(lambda *_: seen.append((calls.running, calls.owner())))
    with calls:
        model(X)
    assert seen == [(model.inner.lin, model.inner)]
    assert calls.running is None
    assert calls.owner() is None


def test_that_a_failure_that_the_model_catches_leaves_the_stack_right():
    def work(self, x):
        try:
            self.inner(torch.ones(3))
        except RuntimeError:
            seen.append(calls.running)
        return self.inner(x)

    seen, calls = [], CallWatch(lambda: None)
    model = Net(work)
    with calls:
        model(X)
    assert len(seen) == 1
    assert calls.running is None


def test_that_no_hook_is_left_behind_by_a_failure():
    with pytest.raises(RuntimeError), CallWatch(lambda: None):
        Net()(torch.ones(3))
    assert not nn.modules.module._global_forward_pre_hooks
    assert not nn.modules.module._global_forward_hooks


def test_that_the_outermost_module_that_forward_makes_is_kept_with_the_line_that_makes_it():
    def work(_self, x):
        return nn.Sequential(Inner(), nn.ReLU())(x)

    births = births_of(Net(work))
    assert [type(birth.value).__name__ for birth in births.modules] == ["Inner", "ReLU", "Sequential"]
    assert {birth.made_at.line for birth in births.modules} == {work.__code__.co_firstlineno + 1}
    assert births.parameters == []


def test_that_what_is_made_outside_of_forward_is_not_kept():
    calls = CallWatch(lambda: None)
    births = BirthWatch(Places(), calls)
    with births, calls:
        nn.Linear(2, 2)
        nn.Parameter(torch.ones(1))
    assert (births.modules, births.parameters) == ([], [])


def test_that_a_lone_parameter_is_kept_and_one_of_a_layer_is_not():
    def work(self, x):
        return x * nn.Parameter(torch.ones(4)) + nn.LayerNorm(4)(x)

    births = births_of(Net(work))
    assert [tuple(birth.value.shape) for birth in births.parameters] == [(4,)]
    assert [type(birth.value).__name__ for birth in births.modules] == ["LayerNorm"]


def test_that_a_copy_is_no_birth():
    assert births_of(Net(lambda self, x: copy.deepcopy(self.inner)(x))).modules == []


def test_that_making_modules_works_as_ever_afterwards():
    init, new = nn.Module.__init__, nn.Parameter.__new__
    births_of(Net())
    assert (nn.Module.__init__, nn.Parameter.__new__) == (init, new)
    assert isinstance(nn.Parameter(torch.ones(1)), nn.Parameter)


def test_that_a_forward_past_the_call_is_seen():
    model = Net(lambda self, x: self.inner.forward(x))
    assert direct_of(model) == [model.inner]


def test_that_calls_and_the_parents_forward_are_no_detour():
    class Child(Net):
        def forward(self, x):
            return super().forward(x) + Net.forward(self, x)

    assert direct_of(Child()) == []


def test_that_a_forward_inside_one_that_was_called_directly_is_told_once():
    class Child(Inner):
        def forward(self, x):
            return super().forward(x)

    model = Net(lambda self, x: self.inner.forward(x))
    model.inner = Child()
    assert direct_of(model) == [model.inner]


def test_that_forwards_are_put_back():
    before = Inner.forward
    direct_of(Net())
    assert Inner.forward is before


@pytest.mark.parametrize("is_compiler_loaded", [False, True])
def test_that_every_call_is_told_with_or_without_the_compiler(monkeypatch, is_compiler_loaded):
    monkeypatch.setitem(sys.modules, "torch._dynamo", torch) if is_compiler_loaded else monkeypatch.delitem(
        sys.modules, "torch._dynamo", raising=False
    )
    model, told, call = Net(), [], nn.Module._call_impl
    with EveryCall(lambda module: told.append(("began", module)), lambda module: told.append(("ended", module))):
        assert (nn.Module._call_impl is call) is is_compiler_loaded
        model(X)
    parts = [model, model.inner, model.inner.lin]
    assert told == [("began", part) for part in parts] + [("ended", part) for part in reversed(parts)]
    assert nn.Module._call_impl is call
    assert not nn.modules.module._global_forward_pre_hooks
    assert not nn.modules.module._global_forward_hooks


def test_that_a_call_that_raises_has_not_ended_and_nothing_stays():
    ended, call = [], nn.Module._call_impl
    with pytest.raises(ZeroDivisionError), EveryCall(lambda _: None, ended.append):
        Net(lambda self, x: self.inner(x) + 1 / 0)(X)
    assert [type(each) for each in ended] == [nn.Linear, Inner]
    assert nn.Module._call_impl is call


def test_that_a_call_may_be_told_of_only_when_it_begins():
    told = []
    with EveryCall(told.append):
        Inner()(X)
    assert [type(each) for each in told] == [Inner, nn.Linear]
