"""The queries are split into heads in front of the tokens."""

import torch
from torch import nn


class Attn(nn.Module):
    def __init__(self):
        super().__init__()
        self.q = nn.Linear(24, 24)
        self.k = nn.Linear(24, 24)
        self.v = nn.Linear(24, 24)
        self.o = nn.Linear(24, 24)

    def forward(self, x):
        b, t, c = x.shape
        q = self.q(x).view(b, 4, t, 6)  # mismatch
        k = self.k(x).view(b, t, 4, 6).transpose(1, 2)
        v = self.v(x).view(b, t, 4, 6).transpose(1, 2)
        y = torch.softmax(q @ k.transpose(-2, -1), -1) @ v
        y = y.transpose(1, 2).reshape(b, t, c)
        return self.o(y)


def example_inputs():
    return (torch.randn(2, 8, 24),)
