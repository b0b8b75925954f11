"""Lazy layers, materialised by the sample run only."""

import torch
from torch import nn


class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.LazyConv2d(4, 3)
        self.fc = nn.LazyLinear(2)

    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))


def example_inputs():
    return (torch.randn(2, 3, 8, 8),)
