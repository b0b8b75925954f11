"""The CIFAR tutorial: ``view(-1, 16 * 5 * 5)`` takes other sizes too and then has too many rows."""

import torch.nn as nn
import torch.nn.functional as F

FITTING = ["torch.randn(4, 3, 32, 32)"]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        batch = x.size(0)
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = x.view(-1, 16 * 5 * 5)
        assert x.size(0) == batch, "images must be 32x32"
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))
