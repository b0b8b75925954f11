"""super().__init__() that is missing, late, uncalled or called twice. The guilty line carries the code that it must get."""

import torch
from torch import nn


def example_inputs():
    return (torch.randn(2, 4),)


class Missing(nn.Module):
    def __init__(self):
        self.size = 4
        self.fc = nn.Linear(4, 4)  # missing-super-init error

    def forward(self, x):
        return self.fc(x)


class MissingForAParameter(nn.Module):
    def __init__(self):
        self.weight = nn.Parameter(torch.zeros(4))  # missing-super-init error


class Late(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(4, 4)  # missing-super-init error
        super().__init__()


class LateForABuffer(nn.Module):
    def __init__(self):
        self.register_buffer("table", torch.zeros(4))  # missing-super-init error
        super().__init__()


class Uncalled(nn.Module):
    def __init__(self):
        super().__init__  # noqa: B018  # missing-super-init error
        self.fc = nn.Linear(4, 4)


class PastModule(nn.Module):
    def __init__(self):
        super(nn.Module, self).__init__()  # missing-super-init error
        self.fc = nn.Linear(4, 4)


class Careless(nn.Module):
    def __init__(self):  # missing-super-init error
        self.size = 4


class OfTheBase(Careless):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(self.size, 4)


class InsideAPart(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Missing()


class Scale(nn.Module):
    def __init__(self, factor):  # missing-super-init error
        self.factor = factor

    def forward(self, x):
        return x * self.factor


class APartWithoutParts(nn.Module):
    """Nothing raises before the part is called."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.scale = Scale(2.0)

    def forward(self, x):
        return self.scale(self.fc(x))


class NothingAtAll(nn.Module):
    def __init__(self):  # missing-super-init error
        self.size = 4


class Twice(nn.Module):
    def __init__(self):
        nn.Module.__init__(self)
        self.fc = nn.Linear(4, 4)
        super().__init__()  # missing-super-init error
        self.head = nn.Linear(4, 4)

    def forward(self, x):
        return self.head(x)
