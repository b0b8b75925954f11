"""Four poolings and concatenations without cropping: sides must be divisible by 16."""

import torch
from torch import nn

FITTING = ["torch.randn(1, 1, 48, 32)"]


def double(i, o):
    return nn.Sequential(
        nn.Conv2d(i, o, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(o, o, 3, padding=1), nn.ReLU(inplace=True)
    )


class UNet(nn.Module):
    def __init__(self, in_channels=1, classes=2):
        super().__init__()
        widths = [4, 6, 8, 10, 12]
        self.down = nn.ModuleList([double(i, o) for i, o in zip([in_channels, *widths], widths)])
        self.lift = nn.ModuleList([nn.ConvTranspose2d(i, o, 2, stride=2) for i, o in zip(widths[:0:-1], widths[-2::-1])])
        self.up = nn.ModuleList([double(2 * o, o) for o in widths[-2::-1]])
        self.last = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x):
        skips = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else nn.functional.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        for lift, block in zip(self.lift, self.up):
            x = block(torch.cat([lift(x), skips.pop()], dim=1))
        return self.last(x)
