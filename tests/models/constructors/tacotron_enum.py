"""A Tacotron-like model: an Enum chooses the attention, frames per step multiply the output."""

from enum import Enum

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {
    "n_symbols": 30,
    "n_mels": 7,
    "n_frames_per_step": 3,
    "attention": "location",
    "symbols_dim": 10,
    "encoder_n_convolutions": 2,
    "decoder_dim": 16,
    "attention_location_n_filters": 5,
}
TOLD = CHECKPOINT_ARGUMENTS


class AttentionKind(str, Enum):
    DOT = "dot"
    LOCATION = "location"


def build(arguments):
    arguments = dict(arguments)
    if "attention" in arguments:
        arguments["attention"] = AttentionKind(arguments["attention"])
    return Tacotron(**arguments)


class Tacotron(nn.Module):
    def __init__(
        self,
        n_symbols: int = 148,
        n_mels: int = 80,
        n_frames_per_step: int = 1,
        attention: AttentionKind = AttentionKind.DOT,
        symbols_dim: int = 64,
        encoder_n_convolutions: int = 3,
        decoder_dim: int = 64,
        attention_location_n_filters: int = 32,
    ) -> None:
        super().__init__()
        self.n_mels, self.attention = n_mels, attention
        self.embedding = nn.Embedding(n_symbols, symbols_dim)
        self.convolutions = nn.ModuleList(
            nn.Sequential(nn.Conv1d(symbols_dim, symbols_dim, 5, padding=2), nn.BatchNorm1d(symbols_dim))
            for _ in range(encoder_n_convolutions)
        )
        self.prenet = nn.Linear(n_mels, decoder_dim)
        self.query = nn.Linear(decoder_dim, symbols_dim, bias=False)
        if attention is AttentionKind.LOCATION:
            self.location_conv = nn.Conv1d(1, attention_location_n_filters, 3, padding=1, bias=False)
            self.location_dense = nn.Linear(attention_location_n_filters, symbols_dim)
        self.decoder_rnn = nn.LSTMCell(symbols_dim + decoder_dim, decoder_dim)
        self.linear_projection = nn.Linear(decoder_dim, n_mels * n_frames_per_step)

    def forward(self, text, mels):
        x = self.embedding(text).transpose(1, 2)
        for conv in self.convolutions:
            x = conv(x).relu()
        memory, out, state = x.transpose(1, 2), [], None
        weights = memory.new_full(memory.shape[:2], 1 / memory.shape[1])
        for frame in mels.unbind(1):
            pre = self.prenet(frame).relu()
            keys = memory
            if self.attention is AttentionKind.LOCATION:
                keys = memory + self.location_dense(self.location_conv(weights[:, None]).transpose(1, 2))
            weights = (keys @ self.query(pre)[..., None])[..., 0].softmax(-1)
            context = (weights[:, None] @ memory)[:, 0]
            state = self.decoder_rnn(torch.cat([context, pre], -1), state)
            out.append(self.linear_projection(state[0]).unflatten(-1, (-1, self.n_mels)))
        return torch.cat(out, 1)
