"""Embedding and LSTM with time first and a hidden state that is given back."""

import torch
from torch import nn

FITTING = ["torch.randint(0, 30, (9, 2))", "hidden=None"]


class CharRNN(nn.Module):
    def __init__(self, n_chars=30, n_hidden=24, n_layers=2):
        super().__init__()
        self.n_layers, self.n_hidden = n_layers, n_hidden
        self.encoder = nn.Embedding(n_chars, n_hidden)
        self.lstm = nn.LSTM(n_hidden, n_hidden, n_layers)
        self.decoder = nn.Linear(n_hidden, n_chars)

    def init_hidden(self, batch_size):
        return tuple(torch.zeros(self.n_layers, batch_size, self.n_hidden) for _ in range(2))

    def forward(self, text, hidden=None):
        if hidden is None:
            hidden = self.init_hidden(text.size(1))
        output, hidden = self.lstm(self.encoder(text), hidden)
        return self.decoder(output), hidden
