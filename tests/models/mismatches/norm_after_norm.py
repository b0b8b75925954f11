"""Two: a norm, and the layer after the next one. The convolution in between wants what the norm wants: a consequence."""

import torch
import torch.nn.functional as F
from torch import nn


class NormAfterNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 64, 3, padding=1)
        self.norm = nn.BatchNorm2d(48)
        self.next = nn.Conv2d(48, 32, 3, padding=1)
        self.out = nn.Linear(30, 5)

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)))  # mismatch
        x = F.relu(self.next(x))
        return self.out(x.mean((2, 3)))  # mismatch


def example_inputs():
    return (torch.rand(2, 3, 8, 8),)
