"""A table with categories in one tensor (a vocabulary for each column) and numbers in another."""

import torch
from torch import nn

FITTING = ["torch.stack([torch.randint(0, n, (4,)) for n in (3, 50, 7)], 1)", "torch.randn(4, 5)"]


class TabularModel(nn.Module):
    """emb_szs: (cardinality, size) of each categorical column; n_cont: number of continuous ones."""

    def __init__(self, emb_szs=((3, 2), (50, 10), (7, 4)), n_cont=5, out_sz=2, layers=(20, 10), p=0.1):
        super().__init__()
        self.embeds = nn.ModuleList([nn.Embedding(ni, nf) for ni, nf in emb_szs])
        self.emb_drop = nn.Dropout(p)
        self.bn_cont = nn.BatchNorm1d(n_cont)
        sizes = [sum(nf for _, nf in emb_szs) + n_cont, *layers]
        parts = []
        for a, b in zip(sizes, sizes[1:]):
            parts += [nn.Linear(a, b), nn.ReLU(inplace=True), nn.BatchNorm1d(b)]
        self.layers = nn.Sequential(*parts, nn.Linear(sizes[-1], out_sz))

    def forward(self, x_cat, x_cont):
        embeddings = [e(x_cat[:, i]) for i, e in enumerate(self.embeds)]
        x = self.emb_drop(torch.cat(embeddings, 1))
        return self.layers(torch.cat([x, self.bn_cont(x_cont)], 1))
