"""Sequences, time first or batch first."""

import torch
from torch import nn


class TimeFirst(nn.Module):
    """(time, batch, features): a tagger that keeps time."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 16)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.rnn(x)[0])


class TimeFirstLast(nn.Module):
    """(time, batch, features): the last step answers."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(8, 16)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.rnn(x)[0][-1])


class BatchFirst(nn.Module):
    """(batch, time, features)."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 16, batch_first=True, bidirectional=True)
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


class Turned(nn.Module):
    """It turns the batch into the second place itself, and back."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, dropout=0.0)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.encoder(x.transpose(0, 1)).mean(0))


class Attention(nn.Module):
    """(time, batch, features) for attention."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16)

    def forward(self, x):
        return self.encoder(x)


class Patches(nn.Module):
    """A Transformer with a class token and a table that is a Parameter."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.places = nn.Parameter(torch.zeros(1, 7, 8))
        self.encoder = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True)

    def forward(self, x):
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.encoder(x)[:, 0]


def example_inputs():
    return (torch.randn(4, 6, 8),)
