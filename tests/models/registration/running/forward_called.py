"""A part whose forward is called by its name, and no hook is there yet."""

import torch
from torch import nn


class Part(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(8, 8)

    def forward(self, x):
        return self.inner(x)


class Whole(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList([Part(), Part()])

    def forward(self, x):
        for part in self.parts:
            x = part.forward(x)
        return x


def example_inputs():
    return (torch.randn(4, 8),)
