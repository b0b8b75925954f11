"""A model of 12 MB to be edited and saved: three layers, 3.1 million parameters."""

import torch
from torch import nn


def make_model() -> nn.Module:
    """A plain network."""
    return nn.Sequential(nn.Linear(784, 1536), nn.ReLU(), nn.Linear(1536, 1200), nn.ReLU(), nn.Linear(1200, 26))


def example_inputs() -> tuple[torch.Tensor]:
    """Sixteen flat images."""
    return (torch.rand(16, 784),)
