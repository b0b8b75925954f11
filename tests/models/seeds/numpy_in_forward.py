"""A detour through numpy: what lies before it gets no gradient."""

import numpy as np
import torch
from torch import nn


class Smoothed(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(12, 12)
        self.decoder = nn.Linear(12, 3)

    def forward(self, x):
        hidden = self.encoder(x)
        smooth = torch.from_numpy(np.tanh(hidden.detach().numpy()))
        return self.decoder(smooth)


def example_inputs():
    return (torch.randn(5, 12),)
