"""Plain features."""

import torch.nn as nn

FITTING = ["torch.randn(4, 13)"]


class BostonHousing(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(13, 32), nn.Linear(32, 16), nn.Linear(16, 1)])

    def forward(self, features):
        for layer in self.layers[:-1]:
            features = nn.functional.relu(layer(features))
        return self.layers[-1](features).squeeze(1)
