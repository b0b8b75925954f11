"""Three: a matrix and an offset that the model holds itself, and a gain inside a part of it."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(10, 12)
        self.matrix = nn.Parameter(torch.randn(16, 8) * 0.1)
        self.offset = nn.Parameter(torch.zeros(9))
        self.scale = Gain()
        self.last = nn.Linear(8, 2)

    def forward(self, x):
        x = torch.relu(self.first(x))
        x = x @ self.matrix  # mismatch
        x = x + self.offset  # mismatch
        return self.last(self.scale(x).squeeze(-1))


class Gain(nn.Module):
    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(6, 1))

    def forward(self, x):
        return x.unsqueeze(-1) * self.gain  # mismatch


def example_inputs():
    return (torch.rand(5, 10),)
