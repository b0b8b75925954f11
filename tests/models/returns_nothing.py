"""A part whose forward has no return."""

import torch
from torch import nn


class Part(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        self.fc(x)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.part = Part()
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.part(x))


def example_inputs():
    return (torch.randn(2, 4),)
