"""An image and a vector of nine facts about the patient."""

import torch
from torch import nn

FITTING = ["torch.randn(3, 3, 32, 32)", "torch.randn(3, 9)"]


class SkinLesion(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.meta = nn.Sequential(nn.Linear(9, 12), nn.BatchNorm1d(12), nn.ReLU())
        self.classifier = nn.Linear(8 + 12, 7)

    def forward(self, image, metadata):
        return self.classifier(torch.cat((self.cnn(image), self.meta(metadata)), dim=1))
