"""The caller finds other data in its input afterwards."""

import torch
from torch import nn


class Normalising(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        x -= x.mean(1, keepdim=True)
        return self.head(x)


def example_inputs():
    return (torch.randn(4, 8),)
