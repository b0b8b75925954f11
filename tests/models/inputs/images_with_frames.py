"""Clips as [batch, frames, channels, height, width] through a CNN and an LSTM; 20 pixels fit the Linear layer."""

import torch
from torch import nn

FITTING = ["torch.randn(2, 4, 3, 20, 20)"]


class CNNLSTM(nn.Module):
    def __init__(self, num_classes: int = 8):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(3, 6, 5, 2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
        self.embed = nn.Linear(6 * 4 * 4, 18)
        self.lstm = nn.LSTM(input_size=18, hidden_size=10, num_layers=1)
        self.fc = nn.Linear(10, num_classes)

    def forward(self, x_3d):
        hidden = None
        for t in range(x_3d.size(1)):
            x = self.embed(self.cnn(x_3d[:, t, :, :, :]))
            out, hidden = self.lstm(x.unsqueeze(0), hidden)
        return self.fc(torch.relu(out[-1]))
