"""Two: both towers get a double, which is one cause; and the last layer."""

import torch
from torch import nn


class DoublePrecision(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(6, 4)
        self.two = nn.Linear(6, 4)
        self.out = nn.Linear(10, 3)

    def forward(self, x):
        one = self.one(x)  # mismatch
        two = self.two(x)
        return self.out(torch.cat([one, two], 1))  # mismatch


def example_inputs():
    return (torch.rand(2, 6, dtype=torch.float64),)
