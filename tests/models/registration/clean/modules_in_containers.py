"""Correct models that keep modules in Python's containers, or outside of registration on purpose."""

import copy
import functools
import types
import weakref

import torch
from torch import nn


def example_inputs():
    return (torch.randn(2, 4),)


class RegisteredAsWell(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.stages = [self.first, self.second]
        self.by_name = {"first": self.first, "second": {"inner": (self.second,)}}
        self.step = lambda x: self.first(x)
        self.bound = self.second.forward
        self.part = functools.partial(torch.add, self.first.bias)

    def forward(self, x):
        for stage in self.stages:
            x = stage(x)
        return self.step(x)


class TeacherInAList(nn.Module):
    def __init__(self):
        super().__init__()
        self.student = nn.Linear(4, 4)
        self.teacher = [nn.Linear(4, 4)]

    def forward(self, x):
        with torch.no_grad():
            wanted = self.teacher[0](x)
        return self.student(x) - wanted


class TeacherInATuple(nn.Module):
    def __init__(self):
        super().__init__()
        self.student = nn.Linear(4, 4)
        self.momentum = (copy.deepcopy(self.student),)

    def forward(self, x):
        return self.student(x) - self.momentum[0](x).detach()


class TeacherBehindAProperty(nn.Module):
    def __init__(self, teacher=None):
        super().__init__()
        self.student = nn.Linear(4, 4)
        self._teacher = (teacher or nn.Linear(4, 4),)

    @property
    def teacher(self):
        return self._teacher[0]

    def forward(self, x):
        return self.student(x) - self.teacher(x)


class FrozenExtractor(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.slices = [nn.Linear(4, 4).requires_grad_(False), nn.Linear(4, 4).requires_grad_(False)]

    def forward(self, x):
        x = self.fc(x)
        for part in self.slices:
            x = part(x)
        return x


class TeacherAroundRegistration(nn.Module):
    def __init__(self):
        super().__init__()
        self.student = nn.Linear(4, 4)
        object.__setattr__(self, "teacher", nn.Linear(4, 4))
        self.__dict__["second"] = nn.Linear(4, 4)

    def forward(self, x):
        return self.student(x) - self.teacher(x) - self.second(x)


class _Wrapper(nn.Module):
    def __init__(self, backbone, reference):
        super().__init__()
        self.backbone = [backbone]
        self.models = (backbone, reference)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.backbone[0](x))


def wraps_what_it_was_given():
    return _Wrapper(nn.Linear(4, 4), nn.Linear(4, 4))


class _Child(nn.Module):
    def __init__(self, parent):
        super().__init__()
        self.parent = [parent]
        self.weak = weakref.ref(parent)
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(x)


class KnowsItsParent(nn.Module):
    def __init__(self):
        super().__init__()
        self.child = _Child(self)

    def forward(self, x):
        return self.child(x)


def only_the_child_is_the_model():
    return KnowsItsParent().child


class HoldsWhatHasNoState(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.activations = {"relu": nn.ReLU(), "none": nn.Identity()}
        self.losses = [nn.MSELoss(), nn.CrossEntropyLoss()]
        self.settings = types.SimpleNamespace(norm=nn.LayerNorm, activation=nn.GELU())

    def forward(self, x):
        return self.settings.activation(self.activations["relu"](self.fc(x)))


class BringsThemItself(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 4), nn.Linear(4, 4)]

    def parameters(self, recurse=True):
        for layer in self.layers:
            yield from layer.parameters(recurse)

    def forward(self, x):
        return self.layers[1](self.layers[0](x))


class _Average:
    """An average of the weights, as trainers keep it."""

    def __init__(self, model):
        self.model = model
        self.shadow = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
        self.copy = copy.deepcopy(model).requires_grad_(False)


class KeepsAnAverage(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.average = _Average(self.fc)

    def forward(self, x):
        return self.fc(x)


class HooksHoldModules(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        probe = nn.Linear(4, 4)
        self.fc.register_forward_hook(lambda module, inputs, output: probe(output) * 0 + output)

    def forward(self, x):
        return self.fc(x)
