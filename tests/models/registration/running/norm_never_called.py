"""The line that called the norm is gone."""

import torch
from torch import nn


class Skipping(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.norm = nn.LayerNorm(8)
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        hidden = self.first(x).relu()
        # hidden = self.norm(hidden)
        return self.head(hidden)


def example_inputs():
    return (torch.randn(4, 8),)
