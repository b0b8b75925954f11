"""A view to a constant that divides the whole batch by chance."""

import torch
import torch.nn.functional as F
from torch import nn


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.out = nn.Linear(24, 5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        x = x.view(-1, 24)  # mismatch
        return self.out(x)


def example_inputs():
    return (torch.randn(9, 1, 6, 6),)


def loss_fn(output):
    return F.cross_entropy(output, torch.zeros(9, dtype=torch.long))
