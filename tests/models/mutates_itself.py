"""Changes a parameter and remembers its inputs while it runs."""

import torch
from torch import nn


class Restless(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)
        self.history = []

    def forward(self, x):
        self.fc.weight.data.add_(1)
        self.history.append(x)
        torch.manual_seed(99)
        return self.norm(self.fc(x))


def example_inputs():
    return (torch.randn(3, 4),)
