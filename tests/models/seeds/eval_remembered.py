"""The same as ``eval_forgotten``, with the one line that it lacks: nothing is wrong."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))

    def forward(self, x):
        return self.body(x)


def predict(path, batch):
    model = Net()
    model.load_state_dict(torch.load(path))
    model.eval()
    with torch.no_grad():
        return model(batch).argmax(1)


def example_inputs():
    return (torch.randn(4, 8),)
