"""Raises while it is imported."""

import torch

TABLE = {"a": 1}
SIZE = TABLE["b"]


class Net(torch.nn.Module):
    pass
