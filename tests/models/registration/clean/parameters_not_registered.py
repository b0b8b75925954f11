"""Correct models with tensors that look like weights and are none, or are registered in another way."""

import torch
from torch import nn
from torch.nn.utils import parametrizations, prune


def example_inputs():
    return (torch.randn(2, 4),)


class ScaledInside(nn.Module):
    def __init__(self):
        super().__init__()
        self.prompt = nn.Parameter(torch.randn(4) * 0.02)
        self.register_parameter("gain", nn.Parameter(torch.ones(4)))
        for number in range(2):
            setattr(self, f"bias{number}", nn.Parameter(torch.zeros(4)))
        self.biases = [self.bias0, self.bias1]

    def forward(self, x):
        return x + self.prompt * self.gain + sum(self.biases)


class ComputedFromItsOwn(nn.Module):
    """What hooks compute anew before each forward is no weight of its own."""

    def __init__(self):
        super().__init__()
        with torch.no_grad():
            self.constant = torch.eye(4) * 2
        self.normed = nn.utils.weight_norm(nn.Linear(4, 4))
        self.spectral = nn.utils.spectral_norm(nn.Linear(4, 4))
        self.pruned = prune.l1_unstructured(nn.Linear(4, 4), "weight", 0.5)
        self.orthogonal = parametrizations.orthogonal(nn.Linear(4, 4))

    def forward(self, x):
        return self.orthogonal(self.pruned(self.spectral(self.normed(x)))) @ self.constant


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 4, num_layers=2, bidirectional=True)

    def forward(self, x):
        return self.lstm(x)[0]


class _Latents(nn.Module):
    def __init__(self, code, reference):
        super().__init__()
        self.code = code
        self.reference = [reference]
        self.fc = nn.Linear(4, 4)

    def forward(self, x):
        return self.fc(x) + self.code + self.reference[0]


def optimises_what_it_was_given():
    return _Latents(torch.zeros(4, requires_grad=True), nn.Parameter(torch.zeros(4)))
