"""Two: an id beyond the table, and the width of the table."""

import torch
from torch import nn


class Vocabulary(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.out = nn.Linear(20, 3)

    def forward(self, ids):
        x = self.embed(ids)  # mismatch
        return self.out(x.mean(1))  # mismatch


def example_inputs():
    return (torch.tensor([[1, 2, 77], [3, 4, 5]]),)
