"""BERT's three integer inputs, each with a table of its own size."""

import torch.nn as nn

FITTING = ["torch.randint(0, 300, (2, 16))", "torch.randint(0, 2, (2, 16))", "torch.arange(16).expand(2, -1)"]


class BERTEmbedding(nn.Module):
    def __init__(self):
        super().__init__()
        self.token = nn.Embedding(300, 12, padding_idx=0)
        self.segment = nn.Embedding(2, 12)
        self.position = nn.Embedding(16, 12)
        self.norm = nn.LayerNorm(12)

    def forward(self, sequence, segment_label, position_ids):
        return self.norm(self.token(sequence) + self.position(position_ids) + self.segment(segment_label))


class BERT(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = BERTEmbedding()
        self.blocks = nn.ModuleList([nn.TransformerEncoderLayer(12, 2, 24, batch_first=True) for _ in range(2)])
        self.nsp = nn.Linear(12, 2)

    def forward(self, x, segment_info, position_ids):
        x = self.embedding(x, segment_info, position_ids)
        for block in self.blocks:
            x = block(x)
        return self.nsp(x[:, 0])
