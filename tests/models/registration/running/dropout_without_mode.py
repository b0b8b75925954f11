"""A functional dropout that is not told the mode."""

import torch
from torch import nn


class Dropping(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        hidden = self.first(x).relu()
        hidden = nn.functional.dropout(hidden, 0.5)
        return self.head(hidden)


def example_inputs():
    return (torch.randn(4, 8),)
