"""Forward runs backward and writes gradients."""

import torch
from torch import nn


class Impatient(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 2)

    def forward(self, x):
        out = self.head(x)
        out.pow(2).mean().backward(retain_graph=True)
        self.head.bias.grad = torch.zeros(2)
        return out


def example_inputs():
    return (torch.randn(4, 8),)
