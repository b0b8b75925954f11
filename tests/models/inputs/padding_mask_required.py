"""An encoder that must be told which positions are padding; True is padding, and not all may be."""

import torch
from torch import nn

FITTING = ["torch.randint(0, 90, (2, 8))", "torch.arange(8)[None] >= torch.tensor([[8], [5]])"]


class MaskedEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(90, 16, padding_idx=0)
        layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 6)

    def forward(self, tokens, src_key_padding_mask):
        assert src_key_padding_mask.dtype == torch.bool, "the mask must be boolean"
        x = self.encoder(self.embed(tokens), src_key_padding_mask=src_key_padding_mask)
        keep = (~src_key_padding_mask).unsqueeze(-1).float()
        return self.head((x * keep).sum(1) / keep.sum(1))
