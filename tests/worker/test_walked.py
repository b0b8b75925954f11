"""A model is walked once; the walk says whether the tree is still the same."""

import pytest
import torch
from torch import nn

from torchloupe.worker.module_tree import tensors_of, walk_modules
from torchloupe.worker.registration.hidden import hidden_things
from torchloupe.worker.walked import Walked


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.blocks = nn.Sequential(nn.BatchNorm1d(2), nn.ReLU(), self.first)
        self.hidden = [nn.Linear(2, 2)]


def test_that_modules_paths_tensors_and_hidden_things_are_those_of_a_walk():
    model = Net()
    walked = Walked(model)
    assert walked.modules == list(walk_modules(model))
    assert walked.each == [(path, module) for path, module in walked.modules if path != "blocks.2"]
    assert walked.by_identity[id(model.first)] == ("first", model.first)
    assert {id(tensor) for tensor in walked.tensors} == {id(tensor) for tensor in tensors_of(model)}
    assert len(walked.tensors) == 7
    assert walked.kinds == {Net, nn.Linear, nn.Sequential, nn.BatchNorm1d, nn.ReLU}
    assert walked.hidden.parts == hidden_things(model).parts
    assert walked.hidden is walked.hidden


def added(model):
    model.blocks.add_module("late", nn.ReLU())


def replaced(model):
    model.first = nn.Linear(2, 2)


def taken_away(model):
    del model.blocks[1]


def renamed(model):
    model.other = model._modules.pop("blocks")


def with_another_table(model):
    model.blocks._modules = dict(model.blocks._modules)


@pytest.mark.parametrize("change", [added, replaced, taken_away, renamed, with_another_table])
def test_that_a_tree_that_changed_is_walked_again(change):
    model = Net()
    walked = Walked(model)
    assert walked.now() is walked
    change(model)
    now = walked.now()
    assert now is not walked
    assert now.modules == list(walk_modules(model))


def test_that_parameters_and_modes_are_no_part_of_the_tree():
    model = Net()
    walked = Walked(model)
    model.eval()
    model.extra = nn.Parameter(torch.zeros(1))
    assert walked.now() is walked


@pytest.mark.filterwarnings("ignore")
def test_that_a_scripted_part_is_walked_like_any_other():
    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = torch.jit.script(nn.Sequential(nn.Linear(2, 2)))

    model = Outer()
    walked = Walked(model)
    assert [path for path, _ in walked.modules] == [path for path, _ in walk_modules(model)]
    assert len(walked.tensors) == 2
    assert walked.hidden.parts == hidden_things(model).parts
    assert walked.now() is walked


def test_that_a_module_without_init_has_no_parts():
    class Unready(nn.Module):
        def __init__(self):
            pass

    walked = Walked(Unready())
    assert (len(walked.modules), walked.tensors) == (1, [])
    assert walked.now() is walked
