"""Two: a sum whose branches differ in stride, and the last layer. The norm fits one of the branches."""

import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.down = nn.Conv2d(16, 16, 3, stride=2, padding=1)
        self.norm = nn.LayerNorm([16, 4, 4])
        self.out = nn.Linear(20, 5)

    def forward(self, x):
        x = self.stem(x)
        x = x + self.down(x)  # mismatch
        x = self.norm(x)
        return self.out(x.mean((2, 3)))  # mismatch


def example_inputs():
    return (torch.rand(2, 3, 8, 8),)
