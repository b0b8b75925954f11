"""Layers in a plain list: the optimizer never hears of them."""

import torch
from torch import nn


class Stack(nn.Module):
    def __init__(self, width=16, depth=3):
        super().__init__()
        self.layers = [nn.Linear(width, width) for _ in range(depth)]
        self.head = nn.Linear(width, 2)

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.head(x)


def example_inputs():
    return (torch.randn(4, 16),)
