"""Two: the initial state is of another batch, the last layer of another width."""

import torch
from torch import nn


class State(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(6, 10, batch_first=True)
        self.out = nn.Linear(12, 5)

    def forward(self, x):
        state = torch.zeros(1, 9, 10)
        x, _ = self.rnn(x, state)  # mismatch
        return self.out(x)  # mismatch


def example_inputs():
    return (torch.rand(2, 7, 6),)
