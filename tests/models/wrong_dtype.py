"""A float64 input, as numpy gives it."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc(x)


def example_inputs():
    return (torch.randn(2, 4, dtype=torch.float64),)
