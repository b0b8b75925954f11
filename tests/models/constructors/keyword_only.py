"""Keyword-only, half of it required; one size is the sum of two arguments."""

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {
    "num_users": 23,
    "num_items": 31,
    "user_dim": 6,
    "item_dim": 9,
    "tower": [20, 8],
    "num_dense_features": 4,
    "user_bias": True,
}
TOLD = CHECKPOINT_ARGUMENTS


class Recommender(nn.Module):
    def __init__(self, *, num_users, num_items, user_dim=16, item_dim=16, tower=(64, 32), num_dense_features=0, user_bias=False):
        super().__init__()
        self.user_embedding = nn.Embedding(num_users, user_dim)
        self.item_embedding = nn.Embedding(num_items, item_dim)
        self.bias = nn.Embedding(num_users, 1) if user_bias else None
        widths = (user_dim + item_dim + num_dense_features, *tower, 1)
        self.tower = nn.ModuleList(map(nn.Linear, widths, widths[1:]))

    def forward(self, users, items, dense=None):
        parts = [self.user_embedding(users), self.item_embedding(items)]
        x = torch.cat(parts if dense is None else [*parts, dense], -1)
        for layer in self.tower[:-1]:
            x = layer(x).relu()
        score = self.tower[-1](x)
        return (score if self.bias is None else score + self.bias(users)).squeeze(-1)
