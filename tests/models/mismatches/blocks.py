"""Two: every block is built alike and refuses alike, which is one; and the last layer."""

import torch
from torch import nn


class Blocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 1)
        self.blocks = nn.ModuleList([nn.Conv2d(12, 8, 3, padding=1) for _ in range(4)])
        self.out = nn.Linear(9, 2)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)  # mismatch
        return self.out(x.mean((2, 3)))  # mismatch


def example_inputs():
    return (torch.rand(2, 3, 8, 8),)
