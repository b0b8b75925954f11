"""nn.TransformerEncoder with its own names; the final norm is there only when norms come first."""

import math

import torch
from torch import Tensor, nn

CHECKPOINT_ARGUMENTS = {
    "ntoken": 33,
    "d_model": 18,
    "nhead": 3,
    "dim_feedforward": 26,
    "num_layers": 3,
    "norm_first": True,
    "activation": "gelu",
    "max_len": 21,
}
TOLD = {"ntoken": 33, "d_model": 18, "dim_feedforward": 26, "num_layers": 3, "norm_first": True, "max_len": 21}


class PositionalEncoding(nn.Module):
    def __init__(self, d_model: int, max_len: int):
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2] = torch.sin(position * div_term)
        pe[:, 0, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.pe[: x.size(0)]


class TransformerModel(nn.Module):
    def __init__(
        self,
        ntoken: int,
        d_model: int = 64,
        nhead: int = 8,
        dim_feedforward: int = 128,
        num_layers: int = 6,
        norm_first: bool = False,
        activation: str = "relu",
        max_len: int = 5000,
    ):
        super().__init__()
        self.d_model = d_model
        self.pos_encoder = PositionalEncoding(d_model, max_len)
        layer = nn.TransformerEncoderLayer(d_model, nhead, dim_feedforward, activation=activation, norm_first=norm_first)
        final = nn.LayerNorm(d_model) if norm_first else None
        self.transformer_encoder = nn.TransformerEncoder(layer, num_layers, norm=final, enable_nested_tensor=False)
        self.embedding = nn.Embedding(ntoken, d_model)
        self.linear = nn.Linear(d_model, ntoken)

    def forward(self, src: Tensor) -> Tensor:
        src = self.pos_encoder(self.embedding(src) * math.sqrt(self.d_model))
        return self.linear(self.transformer_encoder(src))
