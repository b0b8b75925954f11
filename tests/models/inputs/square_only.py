"""Height must equal width: the image is added to its own transpose."""

import torch
from torch import nn

FITTING = ["torch.randn(2, 1, 12, 12)"]


class ContactMap(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.row = nn.Conv2d(6, 6, (1, 9), padding=(0, 4))
        self.conv2 = nn.Conv2d(6, 1, 1)

    def forward(self, m):
        h = torch.relu(self.row(self.conv1(m)))
        h = (h + h.transpose(-1, -2)) / 2
        return self.conv2(h).sigmoid()
