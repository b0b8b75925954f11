"""A schedule that is indexed with a tensor: both must be on one device."""

import torch
from torch import nn


class Schedule(nn.Module):
    def __init__(self, steps=20):
        super().__init__()
        self.betas = torch.linspace(1e-4, 0.02, steps)
        self.head = nn.Linear(1, 2)

    def forward(self, step):
        return self.head(self.betas[step][:, None])


def example_inputs():
    return (torch.randint(0, 20, (5,)),)
