"""Graph attention with plain Linear layers: heads are the rows of a parameter, ``concat`` multiplies the next size."""

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {"nfeat": 15, "nhid": 4, "nclass": 3, "nheads": 5, "num_layers": 3, "dropout": 0.1, "alpha": 0.3}
TOLD = {"nfeat": 15, "nhid": 4, "nclass": 3, "nheads": 5, "num_layers": 3}


class GATLayer(nn.Module):
    def __init__(self, in_features, out_features, heads, alpha, concat=True):
        super().__init__()
        self.heads, self.concat, self.alpha = heads, concat, alpha
        self.lin = nn.Linear(in_features, heads * out_features, bias=False)
        self.a_src = nn.Parameter(torch.randn(heads, out_features))
        self.a_dst = nn.Parameter(torch.randn(heads, out_features))

    def forward(self, h, adj):
        x = self.lin(h).unflatten(-1, (self.heads, -1))
        e = (x * self.a_src).sum(-1)[:, None] + (x * self.a_dst).sum(-1)[None]
        e = nn.functional.leaky_relu(e, self.alpha).masked_fill(adj[..., None] == 0, -1e9)
        out = torch.einsum("ijh,jhd->ihd", e.softmax(1), x)
        return out.flatten(1) if self.concat else out.mean(1)


class GAT(nn.Module):
    def __init__(self, nfeat, nhid, nclass, nheads=8, num_layers=2, dropout=0.6, alpha=0.2):
        """Dense version of GAT."""
        super(GAT, self).__init__()
        self.dropout = nn.Dropout(dropout)
        sizes = [nfeat] + [nhid * nheads] * (num_layers - 1)
        self.layers = nn.ModuleList([GATLayer(size, nhid, nheads, alpha) for size in sizes[:-1]])
        self.out_att = GATLayer(sizes[-1], nclass, 1, alpha, concat=False)

    def forward(self, x, adj):
        for layer in self.layers:
            x = nn.functional.elu(layer(self.dropout(x), adj))
        return self.out_att(x, adj)
