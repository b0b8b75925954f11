"""An LSTM that is given (batch, time, features) and wants (time, batch, features)."""

import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 16, num_layers=2)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        states, _ = self.rnn(x)
        return self.head(states[:, -1])


def example_inputs():
    return (torch.randn(4, 6, 8),)
