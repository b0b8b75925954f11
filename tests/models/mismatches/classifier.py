"""Three: channels of the second convolution, features after the flatten, the last layer."""

import torch
import torch.nn.functional as F
from torch import nn


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, padding=1)
        self.second = nn.Conv2d(32, 24, 3, padding=1)
        self.hidden = nn.Linear(1024, 50)
        self.out = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.first(x)), 2)
        x = F.max_pool2d(F.relu(self.second(x)), 2)  # mismatch
        x = x.flatten(1)
        x = F.relu(self.hidden(x))  # mismatch
        return self.out(x)  # mismatch


def example_inputs():
    return (torch.rand(2, 3, 32, 32),)
