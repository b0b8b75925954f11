"""Three strided stages and a Linear layer: 64 pixels."""

import torch
from torch import nn

FITTING = ["torch.randn(2, 3, 64, 64)"]


class FaceAttributes(nn.Module):
    def __init__(self, num_attributes: int = 40):
        super().__init__()
        widths = [3, 8, 16, 32]
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 4, stride=2, padding=1), nn.BatchNorm2d(b), nn.LeakyReLU(0.2))
            for a, b in zip(widths, widths[1:])
        )
        self.head = nn.Linear(32 * 8 * 8, num_attributes)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        for stage in self.stages:
            image = stage(image)
        return self.head(image.reshape(image.shape[0], -1))
