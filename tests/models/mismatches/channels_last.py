"""Two: the picture's channels are last, and, once they are not, the last layer. The features after the flatten fit then."""

import torch
import torch.nn.functional as F
from torch import nn


class ChannelsLast(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.hidden = nn.Linear(8 * 8 * 8, 20)
        self.out = nn.Linear(30, 5)

    def forward(self, x):
        x = F.max_pool2d(self.conv(x), 2)  # mismatch
        x = self.hidden(x.flatten(1))
        return self.out(x)  # mismatch


def example_inputs():
    return (torch.rand(2, 16, 16, 3),)
