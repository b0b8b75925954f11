"""Four: one in each tower, a tensor without its dimension in the join, and the layer after it."""

import torch
from torch import nn


class Towers(nn.Module):
    def __init__(self):
        super().__init__()
        self.user = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(18, 8))
        self.item = nn.Sequential(
            nn.Linear(20, 12),
            nn.BatchNorm1d(14),
            nn.Linear(12, 8),
        )
        self.out = nn.Linear(16, 1)

    def forward(self, user, item, age):
        user = self.user(user)  # mismatch
        item = self.item(item)  # mismatch
        x = torch.cat([user, item, age], 1)  # mismatch
        return self.out(x)  # mismatch


def example_inputs():
    return torch.rand(4, 30), torch.rand(4, 20), torch.rand(4)
