"""All of it in one sequence."""

import torch
from fixed_hidden import FixedHiddenMLP
from nest import NestMLP
from torch import nn


def make_model():
    return nn.Sequential(NestMLP(), nn.LazyLinear(20), FixedHiddenMLP())


def example_inputs():
    return (torch.rand(2, 20),)
