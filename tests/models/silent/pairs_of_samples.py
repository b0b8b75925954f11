"""(N,) and (N, 1) meet."""

import torch
from torch import nn


class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.deep = nn.Linear(6, 1)

    def forward(self, x):
        base = x.sum(1)
        return base + self.deep(x)  # mismatch


def example_inputs():
    return (torch.randn(12, 6),)
