"""Modules in a row, kept by ``add_module``."""

import torch
from torch import nn


class MySequential(nn.Module):
    def __init__(self, *args):
        super().__init__()
        for number, module in enumerate(args):
            self.add_module(str(number), module)

    def forward(self, X):
        for module in self.children():
            X = module(X)
        return X


def make_model():
    return MySequential(nn.LazyLinear(256), nn.ReLU(), nn.LazyLinear(10))


def example_inputs():
    return (torch.rand(2, 20),)
