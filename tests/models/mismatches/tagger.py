"""Three: the width of the embedding, the width of a bidirectional LSTM, the last layer."""

import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 24)
        self.rnn = nn.LSTM(32, 40, batch_first=True, bidirectional=True)
        self.hidden = nn.Linear(40, 20)
        self.out = nn.Linear(25, 5)

    def forward(self, ids):
        x, _ = self.rnn(self.embed(ids))  # mismatch
        x = torch.tanh(self.hidden(x))  # mismatch
        return self.out(x)  # mismatch


def example_inputs():
    return (torch.randint(100, (2, 7)),)
