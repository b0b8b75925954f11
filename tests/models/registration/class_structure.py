"""Misspelled methods, names that belong to nn.Module, flags on modules, forward called by name."""

import torch
from torch import nn


def example_inputs():
    return (torch.randn(2, 4),)


class ForwardMisspelled(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def foward(self, x):  # misspelled-method error
        return self.fc(x)


class ForwardInCapitals(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def Forward(self, x):  # misspelled-method error
        return self.fc(x)


class InitMisspelled(nn.Module):
    def __int__(self):  # misspelled-method error
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(x)


class InitMisspelledWithArguments(nn.Module):
    def __init_(self, size):  # misspelled-method error
        super().__init__()
        self.fc = nn.Linear(size, size)

    def forward(self, x):
        return self.fc(x)


class GivesArguments(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = InitMisspelledWithArguments(4)

    def forward(self, x):
        return self.part(x)


class ModulesTaken(nn.Module):
    def __init__(self):
        super().__init__()
        self.modules = nn.ModuleList([nn.Linear(4, 4)])  # reserved-attribute error

    def forward(self, x):
        return self._modules["modules"][0](x)


class BufferTaken(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("half", torch.zeros(4))  # reserved-attribute error


class MethodReplaced(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.children = ["a", "b"]  # reserved-attribute warning

    def forward(self, x):
        return self.fc(x)


class Branch(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(x)


class CallsForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch = Branch()

    def forward(self, x):
        return self.branch.forward(x)  # forward-called-directly warning


class CallsForwardPastHooks(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.utils.spectral_norm(nn.Linear(4, 4))

    def forward(self, x):
        return self.fc.forward(x)  # forward-called-directly error


class CallsForwardInALoop(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([Branch(), Branch()])

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)  # forward-called-directly warning
        return x


class FreezesNothing(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = Branch()
        self.head = nn.Linear(4, 2)
        self.backbone.requires_grad = False  # requires-grad-set-on-module warning

    def forward(self, x):
        return self.head(self.backbone(x))


def frozen_by_a_factory():
    model = Frozen()
    for part in model.backbone.modules():
        part.requires_grad = False  # requires-grad-set-on-module warning
    return model


class Frozen(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))

    def forward(self, x):
        return self.backbone(x)
