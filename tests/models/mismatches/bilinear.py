"""Three: an einsum whose letters disagree, a product in the functional form, a sum of two widths."""

import torch
import torch.nn.functional as F
from torch import nn


class Bilinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix = nn.Parameter(torch.rand(12, 6))
        self.low = nn.Parameter(torch.rand(6, 4))
        self.shift = nn.Parameter(torch.rand(5))

    def forward(self, x):
        x = torch.einsum("bi,ij->bj", x, self.mix)  # mismatch
        x = F.linear(x, self.low)  # mismatch
        return x + self.shift  # mismatch


def example_inputs():
    return (torch.rand(2, 10),)
