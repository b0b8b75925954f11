"""Modules that are called, made or left out as they may be."""

import torch
from torch import nn


class ByFlag(nn.Module):
    """The branch that is not taken."""

    def __init__(self, deep=False):
        super().__init__()
        self.deep = deep
        self.first = nn.Linear(8, 8)
        self.extra = nn.Linear(8, 8)

    def forward(self, x):
        x = self.first(x)
        return self.extra(x) if self.deep else x


class ByKey(nn.Module):
    """One head of several, and one block of a list."""

    def __init__(self):
        super().__init__()
        self.heads = nn.ModuleDict({"a": nn.Linear(8, 2), "b": nn.Linear(8, 3)})
        self.blocks = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])

    def forward(self, x, task="a"):
        for block in self.blocks[:2]:
            x = block(x)
        return self.heads[task](x)


class ByName(nn.Module):
    """The layer is looked up by a name that is computed."""

    def __init__(self):
        super().__init__()
        for number in range(3):
            setattr(self, f"layer{number}", nn.Linear(8, 8))

    def forward(self, x):
        for number in range(2):
            x = getattr(self, f"layer{number}")(x)
        return x


class ReadFunctionally(nn.Module):
    """The weights of a layer that is never called are read."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(8, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        x = x @ self.words.weight
        return self.attention(x[:, None], x[:, None], x[:, None])[0]


class OtherMethod(nn.Module):
    """A part for another task, which another method calls."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.decoder = nn.Linear(8, 8)

    def decode(self, x):
        return self.decoder(x)

    def forward(self, x):
        return self.first(x)


class LossInside(nn.Module):
    """Layers without weights may be made anywhere."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)

    def forward(self, x):
        x = nn.ReLU()(self.first(x))
        return nn.Softmax(dim=-1)(x), nn.MSELoss()(x, x)


class Parent(nn.Module):
    """A forward that is called as the parent's."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)

    def forward(self, x):
        return self.first(x)


class Child(Parent):
    """It asks its parent's forward, which is no detour around hooks."""

    def forward(self, x):
        return super().forward(x) + Parent.forward(self, x)


class MonteCarlo(nn.Module):
    """Dropout in eval mode on purpose, and one that knows its mode."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)

    def forward(self, x):
        x = nn.functional.dropout(self.first(x), 0.2, training=True)
        return nn.functional.dropout(x, 0.2, self.training)


class Sampling(nn.Module):
    """Its output is random on purpose."""

    def __init__(self):
        super().__init__()
        self.mean = nn.Linear(8, 4)
        self.spread = nn.Linear(8, 4)
        self.decode = nn.Linear(4, 8)

    def forward(self, x):
        noise = torch.randn(x.shape[0], 4)
        return self.decode(self.mean(x) + noise * self.spread(x).exp())


class BoundedNorm(nn.Module):
    """Weights are projected onto a ball: a second time changes nothing."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.words = nn.Embedding(8, 8, max_norm=0.5)

    def forward(self, x):
        self.first.weight.data = torch.renorm(self.first.weight.data, p=2, dim=0, maxnorm=0.3)
        return self.first(x) + self.words(x.argmax(-1))


class Comparing(nn.Module):
    """Each sample against each other one: the batch is in both dimensions."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)

    def forward(self, x):
        x = nn.functional.normalize(self.first(x), dim=-1)
        return x @ x.t()


class BatchNorms(nn.Module):
    """In eval mode the samples are independent; an activation may work in place on what is its own."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(inplace=True))
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        out = self.body(x)
        out += x
        return self.head(out)


def example_inputs():
    return (torch.randn(4, 8),)
