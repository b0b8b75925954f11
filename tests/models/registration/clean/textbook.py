"""The modules of the textbook: nothing is wrong with them, though one has a constant weight."""

import torch
from torch import nn
from torch.nn import functional as F


class FixedHiddenMLP(nn.Module):
    """A weight that is drawn once and never trained, one layer twice, and a loop on the values."""

    def __init__(self):
        super().__init__()
        self.rand_weight = torch.rand((20, 20))
        self.linear = nn.LazyLinear(20)

    def forward(self, X):
        X = self.linear(X)
        X = F.relu(X @ self.rand_weight + 1)
        X = self.linear(X)
        while X.abs().sum() > 1:
            X /= 2
        return X.sum()


class OlderFixedHiddenMLP(nn.Module):
    """The same as an older edition writes it."""

    def __init__(self):
        super().__init__()
        self.rand_weight = torch.rand((20, 20), requires_grad=False)
        self.linear = nn.Linear(20, 20)

    def forward(self, X):
        X = F.relu(torch.mm(self.linear(X), self.rand_weight) + 1)
        return self.linear(X).sum()


class NestMLP(nn.Module):
    """Blocks in blocks."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.LazyLinear(64), nn.ReLU(), nn.LazyLinear(32), nn.ReLU())
        self.linear = nn.LazyLinear(16)

    def forward(self, X):
        return self.linear(self.net(X))


def chimera():
    return nn.Sequential(NestMLP(), nn.LazyLinear(20), FixedHiddenMLP())


def shared_layer():
    shared = nn.LazyLinear(8)
    return nn.Sequential(nn.LazyLinear(8), nn.ReLU(), shared, nn.ReLU(), shared, nn.ReLU(), nn.LazyLinear(1))


def example_inputs():
    return (torch.rand(2, 20),)
