"""Correct constructors that look as if they had forgotten something."""

import dataclasses

import torch
from torch import nn


def example_inputs():
    return (torch.randn(2, 4),)


class PlainValuesFirst(nn.Module):
    def __init__(self, size=4):
        self.size = size
        self.names = ["a"]
        super(PlainValuesFirst, self).__init__()  # noqa: UP008
        self.fc = nn.Linear(size, size)

    def forward(self, x):
        return self.fc(x)


class _Mixin:
    def __init__(self):
        super().__init__()
        self.mixed = True


class WithAMixin(_Mixin, nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(x)


class ByName(nn.Module):
    def __init__(self):
        nn.Module.__init__(self)
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(x)


@dataclasses.dataclass(eq=False)
class FromFields(nn.Module):
    size: int = 4

    def __post_init__(self):
        super().__init__()
        self.fc = nn.Linear(self.size, self.size)

    def forward(self, x):
        return self.fc(x)


class NoConstructor(ByName):
    def forward(self, x):
        return torch.relu(super().forward(x))
