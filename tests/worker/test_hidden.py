"""The instance walk: what a model holds without having registered it, where it is, and that looking runs nothing."""

import functools
import types
import weakref

import pytest
import torch
from torch import nn

from torchloupe.worker.registration import hidden as hidden_walk
from torchloupe.worker.registration.hidden import hidden_things, leaves_of
from torchloupe.worker.registration.raw import Kinds, modules_below


class Slotted:
    __slots__ = ("empty", "layer")

    def __init__(self, layer):
        self.layer = layer


class Holder:
    def __init__(self, **members):
        vars(self).update(members)


class Pair(tuple):
    __slots__ = ()


class Empty(nn.Module):
    pass


def linear(size=2):
    return nn.Linear(size, size)


def model_with(**members):
    """A module that holds what is given, past any registration."""
    model = Empty()
    vars(model).update(members)
    return model


def paths(model):
    return [part.path for part in hidden_things(model).parts]


@pytest.mark.parametrize(
    ("value", "name", "holder"),
    [
        (lambda layer: [layer], "x[0]", "list"),
        (lambda layer: (1, layer), "x[1]", "tuple"),
        (lambda layer: Pair((layer,)), "x[0]", "Pair"),
        (lambda layer: {"a": layer}, "x['a']", "dict"),
        (lambda layer: {3: layer}, "x[3]", "dict"),
        (lambda layer: {(1, 2): layer}, "x['tuple']", "dict"),
        (lambda layer: {layer}, "x{0}", "set"),
        (lambda layer: [[{"a": (layer,)}]], "x[0][0]['a'][0]", "list"),
        (lambda layer: Holder(fc=layer), "x.fc", "Holder"),
        (lambda layer: Slotted(layer), "x.layer", "Slotted"),
        (lambda layer: types.SimpleNamespace(fc=[layer]), "x.fc[0]", "SimpleNamespace"),
        (lambda layer: lambda value: layer(value), "x.layer", "function"),
        (lambda layer: lambda value, fc=layer: fc(value), "x.fc", "function"),
        (lambda layer: lambda value, *, fc=layer: fc(value), "x.fc", "function"),
        (lambda layer: functools.partial(max, layer), "x.args[0]", "partial"),
        (lambda layer: functools.partial(max, key=layer), "x.keywords['key']", "partial"),
        (lambda layer: layer.forward, "x.__self__", "method"),
        (lambda layer: layer, "x", ""),
    ],
)
def test_that_a_module_is_found_and_named_as_python_reaches_it(value, name, holder):
    (part,) = hidden_things(model_with(x=value(linear()))).parts
    assert (part.owner, part.attribute, part.name, part.kind) == ("", "x", name, "module")
    assert (part.held_by, part.class_name) == (holder, "Linear")
    assert (part.parameter_count, part.numel) == (2, 6)


def test_that_a_module_below_a_hidden_one_is_part_of_it_in_whatever_order_they_are_met():
    whole = nn.Sequential(linear(), nn.BatchNorm1d(2))
    (held,) = hidden_things(model_with(first=[whole[0], whole[1].weight], second=[whole])).held
    assert held.part.path == "second[0]"
    assert held.part.parameter_count == 4
    assert [type(module).__name__ for module in held.below] == ["Sequential", "Linear", "BatchNorm1d"]


def test_that_what_a_hidden_module_hides_is_found_as_well():
    inner = model_with(layers=[linear()])
    assert paths(model_with(x=[inner])) == ["x[0]", "x[0].layers[0]"]


def test_that_two_hidden_modules_that_hold_each_other_are_one_part():
    first, second = Empty(), Empty()
    first.other, second.other = second, first
    assert paths(model_with(x=[first, second])) == ["x[0]"]


def test_that_a_parent_and_a_weak_reference_are_no_parts():
    child = linear()
    parent = nn.Sequential(child)
    child.parent, child.weak, child.lone = [parent], weakref.ref(parent), [weakref.proxy(linear)]
    assert paths(parent) == []
    assert paths(child) == []


def test_that_a_part_in_several_places_is_listed_once_under_the_first():
    layer = linear()
    model = nn.Sequential(model_with(a=[layer, layer]), model_with(b={"again": layer}))
    assert paths(model) == ["0.a[0]"]


def test_that_what_is_registered_anywhere_is_not_hidden():
    model = nn.Sequential(linear(), Empty())
    model[1].seen = [model[0], model[0].weight, {"bias": model[0].bias}, model]
    assert paths(model) == []


def test_that_an_attribute_of_a_class_counts_and_is_told_as_such():
    class OnTheClass(nn.Module):
        layer = linear()
        sizes = (1, 2)

    (part,) = hidden_things(nn.Sequential(OnTheClass(), OnTheClass())).parts
    assert (part.path, part.held_by) == ("0.layer", "class")


def test_that_tensors_are_told_apart():
    weight = nn.Parameter(torch.ones(3))
    model = model_with(
        made=weight * 2,
        leaf=torch.ones(2, dtype=torch.float64, requires_grad=True),
        plain=torch.zeros(4, 5),
        kept=[weight],
        lazy=[nn.UninitializedParameter()],
    )
    parts = {part.attribute: part for part in hidden_things(model).parts}
    made, leaf, plain, kept = (parts[name] for name in ("made", "leaf", "plain", "kept"))
    assert (made.kind, made.from_parameter, made.requires_grad, made.shape) == ("tensor", True, True, (3,))
    assert (leaf.kind, leaf.from_parameter, leaf.dtype, leaf.device) == ("tensor", False, "float64", "cpu")
    assert (plain.kind, plain.requires_grad, plain.numel, plain.parameter_count) == ("tensor", False, 20, 0)
    assert (kept.kind, kept.shape, kept.parameter_count) == ("parameter", (3,), 1)
    assert (parts["lazy"].shape, parts["lazy"].kind) == (None, "parameter")


def test_that_a_parameter_of_a_tensor_class_of_its_own_is_one():
    class Marked(torch.Tensor):
        pass

    parts = hidden_things(
        model_with(x=[nn.Parameter(torch.ones(2).as_subclass(Marked)), torch.ones(2).as_subclass(Marked)])
    ).parts
    assert [(part.kind, part.class_name) for part in parts] == [("parameter", "Marked"), ("tensor", "Marked")]


def test_that_what_hooks_of_torch_compute_anew_is_no_hidden_tensor():
    with pytest.warns(FutureWarning):
        normed = nn.utils.weight_norm(linear())
    assert isinstance(normed.weight, torch.Tensor)
    assert paths(nn.Sequential(normed, nn.utils.spectral_norm(linear()))) == []


def test_that_parameters_which_are_registered_elsewhere_are_not_counted_with_a_hidden_module():
    model, view = nn.Sequential(linear()), linear()
    view.weight = model[0].weight
    model.views = [view]
    (part,) = hidden_things(model).parts
    assert (part.parameter_count, part.numel) == (1, 2)


def test_that_the_leaves_of_a_computation_are_found():
    first, second = nn.Parameter(torch.ones(2)), torch.ones(2, requires_grad=True)
    found = list(leaves_of((first * second).sum() + first.mean()))
    assert {id(leaf) for leaf in found} == {id(first), id(second)}
    assert list(leaves_of(torch.ones(2))) == []


def test_that_the_line_of_the_assignment_is_known():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [linear()]

    (part,) = hidden_things(Net()).parts
    assert part.file == __file__
    assert part.line == Net.__init__.__code__.co_firstlineno + 2


def test_that_a_walk_ends_and_says_where(monkeypatch):
    monkeypatch.setattr(hidden_walk, "MOST_VALUES", 50)
    things = hidden_things(model_with(x=[[number] for number in range(200)], y=[linear()]))
    assert things.notes == ("More than 50 values hang on this model: the rest was not looked at.",)
    things = hidden_things(model_with(x=[{}, *range(12_000)]))
    assert things.notes == ("`x` has 12,001 members: the first 10,000 were looked at.",)
    assert hidden_things(model_with(x=list(range(12_000)), words=dict.fromkeys(range(12_000), 1))).notes == ()


def test_that_objects_of_torch_and_of_python_are_not_entered():
    traced = torch.fx.symbolic_trace(nn.Sequential(linear()))
    assert paths(traced) == []
    kinds = Kinds()
    assert {kinds.of(value) for value in (types, int, weakref.ref(kinds), torch.float32, len, "a", None)} == {kinds.of(1)}


def test_that_modules_are_walked_once_parents_first_under_their_first_path():
    shared = linear()
    model = nn.Sequential(nn.Sequential(shared), shared, nn.ModuleDict({"a": Empty()}))
    model.register_module("none", None)
    assert [path for path, _ in modules_below(model)] == ["", "0", "0.0", "2", "2.a"]


def test_that_a_module_without_module_init_has_nothing_below():
    bare = nn.Linear.__new__(nn.Linear)
    assert list(modules_below(bare)) == [("", bare)]
    assert paths(model_with(x=[bare])) == ["x[0]"]
