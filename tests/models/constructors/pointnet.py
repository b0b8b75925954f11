"""PointNet: two flags, one for the channels, one for a whole sub-network."""

import torch
import torch.nn as nn

CHECKPOINT_ARGUMENTS = {"k": 6, "normal_channel": False, "feature_transform": True}
TOLD = CHECKPOINT_ARGUMENTS


class STNkd(nn.Module):
    def __init__(self, k=64):
        super(STNkd, self).__init__()
        self.conv1 = torch.nn.Conv1d(k, 16, 1)
        self.conv2 = torch.nn.Conv1d(16, 32, 1)
        self.fc = nn.Linear(32, k * k)
        self.bn1 = nn.BatchNorm1d(16)
        self.bn2 = nn.BatchNorm1d(32)
        self.k = k

    def forward(self, x):
        x = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).max(2)[0]
        return self.fc(x).view(-1, self.k, self.k) + torch.eye(self.k, device=x.device)


class PointNet(nn.Module):
    def __init__(self, k=40, normal_channel=True, feature_transform=False):
        super(PointNet, self).__init__()
        channel = 6 if normal_channel else 3
        self.stn = STNkd(3)
        self.conv1 = torch.nn.Conv1d(channel, 16, 1)
        self.conv2 = torch.nn.Conv1d(16, 64, 1)
        self.bn1 = nn.BatchNorm1d(16)
        self.bn2 = nn.BatchNorm1d(64)
        self.feature_transform = feature_transform
        if self.feature_transform:
            self.fstn = STNkd(k=16)
        self.fc1 = nn.Linear(64, 24)
        self.fc2 = nn.Linear(24, k)

    def forward(self, x):
        points = torch.bmm(x[:, :3].transpose(2, 1), self.stn(x[:, :3])).transpose(2, 1)
        x = self.bn1(self.conv1(torch.cat([points, x[:, 3:]], 1))).relu()
        if self.feature_transform:
            x = torch.bmm(x.transpose(2, 1), self.fstn(x)).transpose(2, 1)
        x = self.bn2(self.conv2(x)).max(2)[0]
        return self.fc2(self.fc1(x).relu())
