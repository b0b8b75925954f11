"""Two: the skip of an odd size, and the channels after the join. The deeper join fits."""

import torch
import torch.nn.functional as F
from torch import nn


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(1, 8, 3, padding=1)
        self.deep = nn.Conv2d(8, 16, 3, padding=1)
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.join = nn.Conv2d(24, 8, 3, padding=1)
        self.out = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        skip = F.relu(self.down(x))
        low = F.relu(self.deep(F.max_pool2d(skip, 2)))
        x = torch.cat([skip, self.up(low)], dim=1)  # mismatch
        x = F.relu(self.join(x))  # mismatch
        return self.out(x)


def example_inputs():
    return (torch.rand(2, 1, 25, 25),)
