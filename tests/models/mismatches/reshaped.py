"""Two: a view to a wrong number, which the layer after it shares, and the last layer."""

import torch
from torch import nn


class Reshaped(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.hidden = nn.Linear(150, 20)
        self.out = nn.Linear(10, 3)

    def forward(self, x):
        x = self.conv(x)
        x = x.view(-1, 150)  # mismatch
        x = self.hidden(x)
        return self.out(x)  # mismatch


def example_inputs():
    return (torch.rand(2, 1, 8, 8),)
