"""Points as [batch, points, 3], transposed inside; any number of them."""

import torch
from torch import nn

FITTING = ["torch.randn(2, 40, 3)"]


class PointNetLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(3, 16, 1)
        self.bn1 = nn.BatchNorm1d(16)
        self.conv2 = nn.Conv1d(16, 32, 1)
        self.fc = nn.Linear(32, 10)

    def forward(self, xyz: torch.Tensor):
        assert xyz.ndim == 3
        assert xyz.size(-1) == 3, "points are x, y, z"
        x = self.bn1(self.conv1(xyz.transpose(1, 2))).relu()
        return self.fc(self.conv2(x).max(dim=-1).values)
