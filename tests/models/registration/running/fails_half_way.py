"""A table that is no buffer, and then a head that does not fit."""

import torch
from torch import nn


class Failing(nn.Module):
    def __init__(self):
        super().__init__()
        self.offsets = torch.arange(8) / 8
        self.head = nn.Linear(9, 2)

    def forward(self, x):
        return self.head(x + self.offsets)


def example_inputs():
    return (torch.randn(4, 8),)
