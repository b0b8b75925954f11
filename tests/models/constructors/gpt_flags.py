"""Flags: ``learnable_pos`` and ``bias`` show in the keys, ``tie_weights`` does not."""

import math

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {
    "vocab": 40,
    "d": 16,
    "n_layers": 2,
    "max_len": 18,
    "tie_weights": True,
    "learnable_pos": True,
    "bias": False,
}
TOLD = {"vocab": 40, "d": 16, "n_layers": 2, "max_len": 18, "learnable_pos": True, "bias": False}


def sinusoids(length, dim):
    position = torch.arange(length).unsqueeze(1)
    rate = torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
    table = torch.zeros(length, dim)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate)
    return table


class TinyLM(nn.Module):
    def __init__(self, vocab=100, d=32, n_layers=4, max_len=64, tie_weights=False, learnable_pos=False, bias=True):
        super().__init__()
        self.tok = nn.Embedding(vocab, d)
        if learnable_pos:
            self.pos = nn.Parameter(torch.zeros(max_len, d))
        else:
            self.register_buffer("pos", sinusoids(max_len, d), persistent=False)
        self.mix = nn.ModuleList(nn.Linear(d, d, bias=bias) for _ in range(n_layers))
        self.out = nn.Linear(d, vocab, bias=bias)
        if tie_weights:
            self.out.weight = self.tok.weight

    def forward(self, ids):
        x = self.tok(ids) + self.pos[: ids.shape[1]]
        for layer in self.mix:
            x = x + layer(x).relu()
        return self.out(x)
