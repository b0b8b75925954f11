"""Channels become time by a view."""

import torch
from torch import nn


class CRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(4, 16, 3, padding=1)
        self.rnn = nn.LSTM(16, 12, batch_first=True)
        self.out = nn.Linear(12, 3)

    def forward(self, x):
        x = torch.relu(self.conv(x))
        x = x.view(x.size(0), -1, 16)  # mismatch
        y, _ = self.rnn(x)
        return self.out(y[:, -1])


def example_inputs():
    return (torch.randn(5, 4, 20),)
