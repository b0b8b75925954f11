"""Two: the encoder of torch is built for another width, and so is the last layer. The second layer of the encoder fits."""

import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 30)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), 2, enable_nested_tensor=False
        )
        self.out = nn.Linear(30, 5)

    def forward(self, ids):
        x = self.encoder(self.embed(ids))  # mismatch
        return self.out(x)  # mismatch


def example_inputs():
    return (torch.randint(50, (2, 7)),)
