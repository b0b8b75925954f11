"""Weights that are no registered Parameters. The guilty line of each model carries the code that it must get."""

import torch
from torch import nn


def example_inputs():
    return (torch.randn(2, 4),)


class Scaled(nn.Module):
    def __init__(self, size=4):
        super().__init__()
        self.prompt = nn.Parameter(torch.randn(size)) * 0.02  # unregistered-parameter error

    def forward(self, x):
        return x + self.prompt


class Converted(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4)).to(torch.float64)  # unregistered-parameter error

    def forward(self, x):
        return x * self.weight.float()


class Transposed(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Parameter(torch.randn(4, 3)).t()  # unregistered-parameter error

    def forward(self, x):
        return torch.nn.functional.linear(x, self.table)


class WithoutGradient(nn.Module):
    def __init__(self):
        super().__init__()
        with torch.no_grad():
            self.scale = nn.Parameter(torch.ones(4)) / 2  # unregistered-parameter error

    def forward(self, x):
        return x * self.scale


class NeedsAGradient(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.randn(4, requires_grad=True)  # unregistered-parameter error
        self.bias = torch.zeros(4).requires_grad_()  # unregistered-parameter error

    def forward(self, x):
        return x * self.weight + self.bias


class InAList(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 4)
        self.scales = [nn.Parameter(torch.ones(4)) for _ in range(3)]  # unregistered-parameter error

    def forward(self, x):
        for scale in self.scales:
            x = self.fc(x) * scale
        return x


class InADict(nn.Module):
    def __init__(self):
        super().__init__()
        self.biases = {"a": nn.Parameter(torch.zeros(4)), "b": nn.Parameter(torch.zeros(4))}  # unregistered-parameter error

    def forward(self, x):
        return x + self.biases["a"] + self.biases["b"]


class Weights:
    def __init__(self):
        self.inner = nn.Parameter(torch.ones(4))


class InAPlainObject(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = Weights()  # unregistered-parameter error

    def forward(self, x):
        return x * self.weights.inner


class OnAnotherDevice(nn.Module):
    """Right on this machine, and a plain tensor as soon as the device is another one."""

    def __init__(self, device="cpu"):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4)).to(device)  # unregistered-parameter warning

    def forward(self, x):
        return x * self.weight
