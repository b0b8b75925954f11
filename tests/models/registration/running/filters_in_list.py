"""Fixed filters in a list, as tensors."""

import torch
from torch import nn


class Filters(nn.Module):
    def __init__(self):
        super().__init__()
        self.kernels = [torch.tensor([[[-1.0, 0.0, 1.0]]]), torch.tensor([[[1.0, 2.0, 1.0]]]) / 4]
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        found = [nn.functional.conv1d(x[:, None], kernel) for kernel in self.kernels]
        return self.head(sum(found)[:, 0])


def example_inputs():
    return (torch.randn(4, 8),)
