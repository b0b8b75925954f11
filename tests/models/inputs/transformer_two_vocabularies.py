"""Source and target tokens of different vocabularies, positions limited to 20."""

import torch
from torch import nn

FITTING = ["torch.randint(0, 80, (2, 9))", "torch.randint(0, 60, (2, 7))"]


class Translator(nn.Module):
    def __init__(self, src_vocab=80, tgt_vocab=60, d_model=16, max_len=20):
        super().__init__()
        self.src_tok = nn.Embedding(src_vocab, d_model)
        self.tgt_tok = nn.Embedding(tgt_vocab, d_model)
        self.pos = nn.Embedding(max_len, d_model)
        self.core = nn.Transformer(d_model, 2, 1, 1, 32, batch_first=True)
        self.generator = nn.Linear(d_model, tgt_vocab)

    def embed(self, table, ids):
        return table(ids) + self.pos(torch.arange(ids.size(1), device=ids.device))

    def forward(self, src, trg):
        mask = torch.ones(trg.size(1), trg.size(1), dtype=torch.bool).triu(1)
        return self.generator(self.core(self.embed(self.src_tok, src), self.embed(self.tgt_tok, trg), tgt_mask=mask))
