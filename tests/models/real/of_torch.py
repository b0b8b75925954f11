"""Models put together from torch.nn as its documentation does. None of them has anything wrong with it."""

import torch
from torch import nn
from torch.nn.utils import parametrizations


def transformer():
    return nn.Transformer(d_model=16, nhead=2, num_encoder_layers=1, num_decoder_layers=1, dim_feedforward=32, batch_first=True)


def transformer_encoder():
    layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    return nn.TransformerEncoder(layer, 3)


def attention():
    return nn.MultiheadAttention(16, 4, batch_first=True)


def lstm():
    return nn.LSTM(8, 16, num_layers=2, bidirectional=True, batch_first=True)


def gru():
    return nn.Sequential(nn.Embedding(50, 8), nn.GRU(8, 16, batch_first=True))


def normed():
    return nn.Sequential(
        parametrizations.weight_norm(nn.Linear(8, 16)), nn.ReLU(), parametrizations.spectral_norm(nn.Linear(16, 4))
    )


def lazy():
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(5))


def bag():
    return nn.Sequential(nn.EmbeddingBag(40, 8), nn.LayerNorm(8), nn.Dropout(0.2), nn.Linear(8, 3))


def volume():
    return nn.Sequential(nn.Conv3d(1, 4, 3), nn.BatchNorm3d(4), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 2))


def upsampling():
    return nn.Sequential(nn.ConvTranspose2d(4, 8, 4, 2, 1), nn.GroupNorm(2, 8), nn.PReLU(), nn.Upsample(scale_factor=2))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(30, 12)
        self.head = nn.Linear(12, 30, bias=False)
        self.head.weight = self.embed.weight
        self.register_buffer("position", torch.arange(16), persistent=False)

    def forward(self, ids):
        return self.head(self.embed(ids) + self.position[: ids.shape[1], None] / 16)
