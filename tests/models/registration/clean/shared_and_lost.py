"""Correct models that share, replace and tie on purpose."""

import copy

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


class SharedByName(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = Block()
        self.right = self.left
        self.both = nn.ModuleList([self.left, self.right])

    def forward(self, x):
        return self.left(x) + self.right(x)


class SharedActivation(nn.Module):
    def __init__(self):
        super().__init__()
        self.sizes = [4] * 3
        self.acts = nn.ModuleList([nn.ReLU()] * 3)
        act = nn.Tanh()
        self.body = nn.Sequential(nn.Linear(4, 4), act, nn.Linear(4, 4), act)

    def forward(self, x):
        return self.body(self.acts[0](x))


class TiedEmbeddings(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(10, 4)
        self.head = nn.Linear(4, 10, bias=False)
        self.head.weight = self.tok.weight

    def forward(self, x):
        return self.head(x)


class PartsOfOneBuffer(nn.Module):
    def __init__(self):
        super().__init__()
        flat = torch.randn(32)
        self.left, self.right = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
        self.left.weight.data = flat[:16].view(4, 4)
        self.right.weight.data = flat[16:].view(4, 4)

    def forward(self, x):
        return self.right(self.left(x))


class CollectsInALoop(nn.Module):
    def __init__(self):
        super().__init__()
        blocks = []
        for _ in range(3):
            self.block = Block()
            blocks.append(self.block)
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class SearchesInALoop(nn.Module):
    def __init__(self):
        super().__init__()
        for size in (2, 3, 4):
            self.fc = nn.Linear(4, size)
            if self.fc.out_features == 4:
                break
        while True:
            self.second = nn.Linear(4, 4)
            if size == 4:
                break

    def forward(self, x):
        return self.second(self.fc(x))


class ReplacesByChoice(nn.Module):
    def __init__(self, small=True):
        super().__init__()
        self.head = nn.Linear(4, 100)
        if small:
            self.head = nn.Linear(4, 2)
        self.body = nn.Sequential(Block())
        self.body = nn.Sequential(self.body, Block())
        if small:
            self.norm = nn.LayerNorm(2)
        else:
            self.norm = nn.Identity()

    def forward(self, x):
        return self.norm(self.head(self.body(x)))


class ReplacesTheHeadOfItsBase(ReplacesByChoice):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 2)


class CopiesItsFirst(nn.Module):
    def __init__(self):
        super().__init__()
        first = Block()
        self.blocks = nn.ModuleList([copy.deepcopy(first) for _ in range(3)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class NamedInALoop(nn.Module):
    def __init__(self):
        super().__init__()
        for number in range(3):
            self.add_module(f"block{number}", Block())
            setattr(self, f"other{number}", Block())

    def forward(self, x):
        return self.other0(self.block2(self.block1(self.block0(x))))
