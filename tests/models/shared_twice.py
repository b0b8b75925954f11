"""One module called twice, keyword inputs, a dict as output: all legal."""

import torch
from torch import nn


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(6, 4), nn.Tanh())

    def forward(self, left, right):
        one, other = self.encoder(left), self.encoder(right)
        return {"distance": (one - other).pow(2).sum(1), "embeddings": (one, other)}


def example_inputs():
    return {"left": torch.randn(3, 6), "right": torch.randn(3, 6)}
