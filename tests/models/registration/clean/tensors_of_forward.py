"""Tensors that forward may well find outside of parameters and buffers."""

import torch
from torch import nn


class MovedAtUse(nn.Module):
    """The table goes where the data is, at the line that uses it."""

    def __init__(self):
        super().__init__()
        self.table = torch.linspace(0, 1, 8)
        self.other = [torch.ones(8), torch.zeros(8)]
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        x = x + self.table.to(x.device) + self.other[0].type_as(x)
        return self.head(x + self.other[1].to(x))


class Numbers(nn.Module):
    """A single number goes with any device; an index may stay on the CPU."""

    def __init__(self):
        super().__init__()
        self.scale = torch.tensor(0.5)
        self.order = torch.arange(7, -1, -1)
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(x[:, self.order] * self.scale)


class MadeHere(nn.Module):
    """Constants of forward are made in forward."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        steps = torch.arange(x.shape[1], device=x.device) / 8
        weights = torch.tensor([1.0, 2.0]).repeat(4)
        return self.head(x * steps + torch.zeros_like(x) + weights)


class CachedBuffer(nn.Module):
    """A cache that is a buffer may be filled by forward."""

    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(8), persistent=False)
        self.norm = nn.BatchNorm1d(8)

    def forward(self, x):
        self.seen.copy_(x.detach().mean(0))
        return self.norm(x)


class Sizes(nn.Module):
    """A tensor that is only asked for numbers."""

    def __init__(self):
        super().__init__()
        self.sizes = torch.tensor([2, 4, 8])
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        return self.head(x.view(-1, int(self.sizes.max())))


class OwnMove(nn.Module):
    """Its class takes the table along."""

    def __init__(self):
        super().__init__()
        self.table = torch.linspace(0, 1, 8)
        self.head = nn.Linear(8, 2)

    def _apply(self, fn, *args, **kwargs):
        self.table = fn(self.table)
        return super()._apply(fn, *args, **kwargs)

    def forward(self, x):
        return self.head(x + self.table)


class DetachedMemory(nn.Module):
    """What is kept has no graph."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 2)
        self.last = None
        self.losses = []

    def forward(self, x):
        self.losses = []
        out = self.head(x)
        self.last = out.detach()
        self.losses.append(out.pow(2).mean())
        return out


class LastScores(nn.Module):
    """The scores of the last call, to be looked at."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 2)
        self.scores = None

    def forward(self, x):
        self.scores = self.head(x).softmax(-1)
        return self.scores


class Weighted(nn.Module):
    """Normed weights are plain attributes that hooks of torch compute."""

    def __init__(self):
        super().__init__()
        self.first = nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))
        self.head = nn.utils.spectral_norm(nn.Linear(8, 2))

    def forward(self, x):
        return self.head(self.first(x))


def example_inputs():
    return (torch.randn(4, 8),)
