"""Every output is kept with its graph."""

import torch
from torch import nn


class Remembering(nn.Module):
    def __init__(self):
        super().__init__()
        self.history = []
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        out = self.head(x)
        self.history.append(out)
        return out


def example_inputs():
    return (torch.randn(4, 8),)
