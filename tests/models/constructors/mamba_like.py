"""A state-space model: ``dt_rank`` is an int or "auto", the vocabulary is padded to a multiple of eight."""

import math
from dataclasses import dataclass
from typing import Union

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {
    "args": {
        "d_model": 20,
        "n_layer": 2,
        "vocab_size": 45,
        "d_state": 5,
        "expand": 3,
        "dt_rank": 4,
        "d_conv": 3,
        "conv_bias": False,
    }
}
TOLD = {"args": {"d_model": 20, "n_layer": 2, "d_state": 5, "expand": 3, "dt_rank": 4, "d_conv": 3, "conv_bias": False}}


@dataclass
class ModelArgs:
    d_model: int
    n_layer: int
    vocab_size: int
    d_state: int = 16
    expand: int = 2
    dt_rank: Union[int, str] = "auto"
    d_conv: int = 4
    pad_vocab_size_multiple: int = 8
    conv_bias: bool = True
    bias: bool = False

    def __post_init__(self):
        self.d_inner = int(self.expand * self.d_model)
        if self.dt_rank == "auto":
            self.dt_rank = math.ceil(self.d_model / 16)
        if self.vocab_size % self.pad_vocab_size_multiple != 0:
            self.vocab_size += self.pad_vocab_size_multiple - self.vocab_size % self.pad_vocab_size_multiple


def build(arguments):
    return Mamba(ModelArgs(**arguments["args"]))


class MambaBlock(nn.Module):
    def __init__(self, args: ModelArgs):
        super().__init__()
        self.args = args
        self.norm = nn.LayerNorm(args.d_model)
        self.in_proj = nn.Linear(args.d_model, args.d_inner * 2, bias=args.bias)
        self.conv1d = nn.Conv1d(
            args.d_inner, args.d_inner, args.d_conv, bias=args.conv_bias, groups=args.d_inner, padding=args.d_conv - 1
        )
        self.x_proj = nn.Linear(args.d_inner, args.dt_rank + args.d_state * 2, bias=False)
        self.dt_proj = nn.Linear(args.dt_rank, args.d_inner, bias=True)
        self.A_log = nn.Parameter(torch.log(torch.arange(1.0, args.d_state + 1).repeat(args.d_inner, 1)))
        self.D = nn.Parameter(torch.ones(args.d_inner))
        self.out_proj = nn.Linear(args.d_inner, args.d_model, bias=args.bias)

    def forward(self, x):
        u, gate = self.in_proj(self.norm(x)).chunk(2, -1)
        u = self.conv1d(u.transpose(1, 2))[..., : x.shape[1]].transpose(1, 2)
        delta, b, c = self.x_proj(u).split([self.args.dt_rank, self.args.d_state, self.args.d_state], -1)
        delta, state, ys = self.dt_proj(delta).sigmoid(), 0, []
        for i in range(x.shape[1]):
            decay = torch.exp(-delta[:, i, :, None] * self.A_log.exp())
            state = decay * state + (delta[:, i] * u[:, i])[..., None] * b[:, i, None]
            ys.append((state * c[:, i, None]).sum(-1))
        y = torch.stack(ys, 1) + u * self.D
        return x + self.out_proj(y * gate.sigmoid())


class Mamba(nn.Module):
    def __init__(self, args: ModelArgs):
        super().__init__()
        self.embedding = nn.Embedding(args.vocab_size, args.d_model)
        self.layers = nn.ModuleList([MambaBlock(args) for _ in range(args.n_layer)])
        self.lm_head = nn.Linear(args.d_model, args.vocab_size, bias=False)
        self.lm_head.weight = self.embedding.weight

    def forward(self, input_ids):
        x = self.embedding(input_ids)
        for layer in self.layers:
            x = layer(x)
        return self.lm_head(x)
