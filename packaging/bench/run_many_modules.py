"""A model of many modules as a person has it in a file, for a window to run."""

import torch
from big_models import many_modules
from torch import nn


def make_model() -> nn.Module:
    """12,002 modules."""
    return many_modules()


def example_inputs() -> tuple[torch.Tensor]:
    """Two rows."""
    return (torch.rand(2, 8),)
