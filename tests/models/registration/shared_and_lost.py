"""One where several were meant, several where one was meant. The guilty line carries the code that it must get."""

import torch
from torch import nn


def example_inputs():
    return (torch.randn(2, 4),)


class Block(nn.Module):
    def __init__(self, size=4):
        super().__init__()
        self.fc = nn.Linear(size, size)

    def forward(self, x):
        return self.fc(x)


class RepeatedInAList(nn.Module):
    def __init__(self, depth=6):
        super().__init__()
        self.layers = nn.ModuleList([Block(4)] * depth)  # shared-instance warning

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class RepeatedInASequential(nn.Module):
    def __init__(self):
        super().__init__()
        layer = nn.Linear(4, 4)
        blocks = 3 * [layer]  # shared-instance warning
        self.body = nn.Sequential(*blocks)

    def forward(self, x):
        return self.body(x)


class OverwrittenInALoop(nn.Module):
    def __init__(self, depth=4):
        super().__init__()
        self.depth = depth
        for _ in range(depth):
            self.block = Block()  # attribute-overwritten error

    def forward(self, x):
        for _ in range(self.depth):
            x = self.block(x)
        return x


def made():
    return Block()


class AddedUnderOneName(nn.Module):
    def __init__(self):
        super().__init__()
        for _ in range(3):
            self.add_module("block", made())  # attribute-overwritten error

    def forward(self, x):
        return self.block(x)


class AssignedTwice(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Linear(4, 8)
        self.norm = nn.LayerNorm(4)
        self.conv = nn.Linear(4, 4)  # attribute-overwritten warning

    def forward(self, x):
        return self.norm(self.conv(x))


class ParameterInALoop(nn.Module):
    def __init__(self):
        super().__init__()
        for _ in range(3):
            self.scale = nn.Parameter(torch.randn(4))  # attribute-overwritten warning

    def forward(self, x):
        return x * self.scale


class TiedByData(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(10, 4)
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight.data = self.tok.weight.data  # broken-tie error

    def forward(self, x):
        return self.head(x)


def tied_by_a_factory():
    model = Pair()
    model.right.weight = nn.Parameter(model.left.weight)  # broken-tie error
    return model


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x):
        return self.right(self.left(x))
