"""The head is registered when the first batch has told its size."""

import torch
from torch import nn


class Late(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 8)
        self.head = None

    def forward(self, x):
        hidden = self.first(x).relu()
        if self.head is None:
            self.head = nn.Linear(hidden.shape[1], 2)
        return self.head(hidden)


def example_inputs():
    return (torch.randn(4, 8),)
