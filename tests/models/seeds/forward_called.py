"""A part is run by its forward: the hook that normalises its weight is passed over."""

import torch
from torch import nn


class Branch(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        return torch.tanh(self.fc(x))


class Twofold(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch = Branch()
        self.branch.register_forward_hook(lambda module, given, result: 2 * result)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        x = self.branch.forward(x)
        return self.head(x)


def example_inputs():
    return (torch.randn(3, 8),)
