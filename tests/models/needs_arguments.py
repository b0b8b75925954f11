"""A constructor that needs its arguments."""

import torch
from torch import nn


class Sized(nn.Module):
    def __init__(self, width, depth, *, bias=True):
        super().__init__()
        if depth < 1:
            raise ValueError("depth must be positive")
        self.layers = nn.Sequential(*[nn.Linear(width, width, bias=bias) for _ in range(depth)])
        self.width = width

    def forward(self, x):
        return self.layers(x)


def example_inputs():
    return (torch.randn(1, 4),)
