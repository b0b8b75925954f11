"""The last states of both directions, joined without a transpose."""

import torch
from torch import nn


class Clf(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(6, 10, bidirectional=True, batch_first=True)
        self.out = nn.Linear(20, 3)

    def forward(self, x):
        _, (h, _) = self.rnn(x)
        h = h.view(x.size(0), -1)  # mismatch
        return self.out(h)


def example_inputs():
    return (torch.randn(4, 9, 6),)
