"""A table of positions that is computed and assigned as it is."""

import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, length=12, width=8):
        super().__init__()
        self.words = nn.Embedding(20, width)
        steps = torch.arange(length).float()[:, None]
        self.positions = torch.sin(steps / 10 ** torch.arange(width))
        self.head = nn.Linear(width, 2)

    def forward(self, ids):
        hidden = self.words(ids) + self.positions[: ids.shape[1]]
        return self.head(hidden.mean(1))


def example_inputs():
    return (torch.randint(0, 20, (3, 6)),)
