"""Classes are not last when the rest is flattened."""

import torch
from torch import nn


class Tag(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 9, 3, padding=1)

    def forward(self, x):
        y = self.conv(x)
        return y.reshape(-1, 9)  # mismatch


def example_inputs():
    return (torch.randn(5, 4, 20),)
