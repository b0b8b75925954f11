"""A layer that is a global variable: the model does not hold it."""

import torch
from torch import nn

SHARED = nn.Linear(8, 8)
MEAN = torch.full((8,), 0.5)


class Borrowing(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(SHARED(x - MEAN))


def example_inputs():
    return (torch.randn(4, 8),)
