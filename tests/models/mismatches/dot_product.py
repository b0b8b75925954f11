"""Three: the keys are not transposed, the view is of memory out of order, the last layer."""

import torch
from torch import nn


class DotProduct(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(32, 96)
        self.out = nn.Linear(30, 5)

    def forward(self, x):
        q, k, v = self.qkv(x).view(2, 7, 3, 4, 8).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(torch.matmul(q, k), -1)  # mismatch
        x = torch.matmul(weights, v).transpose(1, 2)
        x = x.view(2, 7, 32)  # mismatch
        return self.out(x)  # mismatch


def example_inputs():
    return (torch.rand(2, 7, 32),)
