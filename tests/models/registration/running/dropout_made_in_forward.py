"""A Dropout that is made where it is used is always in training mode."""

import torch
from torch import nn


class Dropping(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)

    def forward(self, x):
        return nn.Dropout(0.3)(self.first(x))


def example_inputs():
    return (torch.randn(4, 8),)
