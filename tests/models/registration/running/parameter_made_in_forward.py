"""A Parameter that starts anew at every call."""

import torch
from torch import nn


class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)

    def forward(self, x):
        scale = nn.Parameter(torch.ones(8))
        return self.first(x) * scale


def example_inputs():
    return (torch.randn(4, 8),)
