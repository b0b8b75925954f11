"""A class without super().__init__(): its layers, in a plain list, are no parameters of it."""

import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self):
        self.sizes = (784, 64, 10)
        self.layers = [nn.Linear(a, b) for a, b in zip(self.sizes, self.sizes[1:])]

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x


def example_inputs():
    return (torch.randn(4, 784),)
