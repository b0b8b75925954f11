"""A time-first layer gets the batch first, and its last step is taken."""

import torch
import torch.nn.functional as F
from torch import nn


class Clf(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(6, 10)  # mismatch
        self.out = nn.Linear(10, 3)

    def forward(self, x):
        y, _ = self.rnn(x)
        return self.out(y[-1])


def example_inputs():
    return (torch.randn(4, 9, 6),)


def loss_fn(output):
    return F.cross_entropy(output, torch.zeros(4, dtype=torch.long))
