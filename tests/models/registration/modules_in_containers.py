"""Layers in Python's own containers. The guilty line of each model carries the code that it must get."""

import collections
import dataclasses
import functools

import torch
from torch import nn


def example_inputs():
    return (torch.randn(2, 4),)


class InAList(nn.Module):
    def __init__(self, depth=3):
        super().__init__()
        self.layers = [nn.Linear(4, 4) for _ in range(depth)]  # unregistered-module error

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class InATuple(nn.Module):
    def __init__(self):
        super().__init__()
        self.pair = (nn.Linear(4, 4), nn.BatchNorm1d(4))  # unregistered-module error

    def forward(self, x):
        return self.pair[1](self.pair[0](x))


class InADict(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 4)
        self.heads = {name: nn.Linear(4, 2) for name in ("a", "b")}  # unregistered-module error

    def forward(self, x):
        return {name: head(self.stem(x)) for name, head in self.heads.items()}


class InADictWithNumbers(nn.Module):
    def __init__(self):
        super().__init__()
        self.heads = {}  # unregistered-module error
        for size in (2, 3):
            self.heads[size] = nn.Linear(4, size)

    def forward(self, x):
        return [head(x) for head in self.heads.values()]


class InNestedLists(nn.Module):
    def __init__(self):
        super().__init__()
        self.grid = [[nn.Linear(4, 4), nn.Dropout(0.1)] for _ in range(2)]  # unregistered-module error

    def forward(self, x):
        for row in self.grid:
            for layer in row:
                x = layer(x)
        return x


class Appended(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = []  # unregistered-module error
        for _ in range(2):
            layer = nn.Linear(4, 4)
            self.layers.append(layer)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class InADeque(nn.Module):
    def __init__(self):
        super().__init__()
        blocks = [nn.Linear(4, 4), nn.Linear(4, 4)]
        self.queue = collections.deque(blocks)  # unregistered-module error

    def forward(self, x):
        return self.queue[0](x)


class OnlyDropouts(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.drops = [nn.Dropout(0.2), nn.Dropout(0.5)]  # unregistered-module error

    def forward(self, x):
        return self.drops[1](self.fc(self.drops[0](x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.experts = [nn.Linear(4, 4) for _ in range(2)]  # unregistered-module error

    def forward(self, x):
        return sum(expert(self.norm(x)) for expert in self.experts)


class ManyBlocks(nn.Module):
    """One cause in three places is one problem."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(Block(), Block(), Block())

    def forward(self, x):
        return self.blocks(x)


class Handed(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = layers  # unregistered-module error

    def forward(self, x):
        return self.layers[1](self.layers[0](x))


def handed_over():
    return Handed([nn.Linear(4, 4), nn.Linear(4, 4)])


class Trunk:
    def __init__(self):
        self.fc1 = nn.Linear(4, 8)
        self.fc2 = nn.Linear(8, 4)

    def __call__(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


class InAPlainObject(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = Trunk()  # unregistered-module error
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.trunk(x))


@dataclasses.dataclass
class Parts:
    encoder: nn.Module
    decoder: nn.Module


class InADataclass(nn.Module):
    def __init__(self):
        super().__init__()
        self.parts = Parts(nn.Linear(4, 2), nn.Linear(2, 4))  # unregistered-module error

    def forward(self, x):
        return self.parts.decoder(self.parts.encoder(x))


class InALambda(nn.Module):
    def __init__(self):
        super().__init__()
        projection = nn.Linear(4, 4)
        self.project = lambda x: torch.relu(projection(x))  # unregistered-module error

    def forward(self, x):
        return self.project(x)


def applied(layer, x):
    return layer(x)


class InAPartial(nn.Module):
    def __init__(self):
        super().__init__()
        self.step = functools.partial(applied, nn.Linear(4, 4))  # unregistered-module error

    def forward(self, x):
        return self.step(x)


class OnlyItsMethod(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(4, 4).forward  # unregistered-module error

    def forward(self, x):
        return self.encode(x)


class OnTheClass(nn.Module):
    shared = nn.Linear(4, 4)  # unregistered-module error

    def forward(self, x):
        return self.shared(x)
