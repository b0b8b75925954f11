"""A ResNet-50 that is right, and three that are not: a head of another width, a shortcut of another stride, both."""

import torch
from big_models import ResNet50
from torch import nn

SIDE = 224


def repaired() -> nn.Module:
    """As it should be."""
    return ResNet50()


def head() -> nn.Module:
    """The last layer is built for a smaller ResNet."""
    model = ResNet50()
    model.fc = nn.Linear(512, 1000)
    return model


def shortcut() -> nn.Module:
    """The shortcut of one block keeps its side, where the block halves it."""
    model = ResNet50()
    model.stages[2][0].downsample[0] = nn.Conv2d(512, 1024, 1, 1, bias=False)
    return model


def both() -> nn.Module:
    """Two mismatches."""
    model = shortcut()
    model.fc = nn.Linear(512, 1000)
    return model


def example_inputs() -> tuple[torch.Tensor]:
    """Two pictures."""
    return (torch.rand(2, 3, SIDE, SIDE),)
