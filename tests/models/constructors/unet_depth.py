"""A U-Net of any depth, its width given as a power of two."""

from typing import Optional

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {
    "in_channels": 2,
    "n_classes": 3,
    "depth": 3,
    "wf": 3,
    "padding": True,
    "batch_norm": True,
    "up_mode": "upsample",
}
TOLD = {"in_channels": 2, "n_classes": 3, "depth": 3, "wf": 3, "batch_norm": True, "up_mode": "upsample"}


class UNet(nn.Module):
    """U-Net: Convolutional Networks for Biomedical Image Segmentation.

    Args:
        in_channels (int): number of input channels
        n_classes (int): number of output channels
        depth (int): depth of the network
        wf (int): number of filters in the first layer is 2**wf
        padding (bool): if True, apply padding such that the input shape is the same as the output.
        batch_norm (bool): Use BatchNorm after layers with an activation function
        up_mode (str): one of 'upconv' or 'upsample'.
    """

    def __init__(self, in_channels=1, n_classes=2, depth=4, wf=4, padding=False, batch_norm=False, up_mode="upconv"):
        super().__init__()
        assert up_mode in ("upconv", "upsample")
        self.depth = depth
        prev = in_channels
        self.down_path = nn.ModuleList()
        for i in range(depth):
            self.down_path.append(self.block(prev, 2 ** (wf + i), padding, batch_norm))
            prev = 2 ** (wf + i)
        self.up_path, self.up_conv = nn.ModuleList(), nn.ModuleList()
        for i in reversed(range(depth - 1)):
            out = 2 ** (wf + i)
            if up_mode == "upconv":
                self.up_path.append(nn.ConvTranspose2d(prev, out, kernel_size=2, stride=2))
            else:
                self.up_path.append(
                    nn.Sequential(nn.Upsample(mode="bilinear", scale_factor=2), nn.Conv2d(prev, out, kernel_size=1))
                )
            self.up_conv.append(self.block(prev, out, padding, batch_norm))
            prev = out
        self.last = nn.Conv2d(prev, n_classes, kernel_size=1)

    def block(self, i, o, padding, batch_norm: Optional[bool]):
        layers = []
        for size in (i, o):
            layers += [nn.Conv2d(size, o, kernel_size=3, padding=int(padding)), nn.ReLU()]
            if batch_norm:
                layers.append(nn.BatchNorm2d(o))
        return nn.Sequential(*layers)

    def forward(self, x):
        kept = []
        for i, down in enumerate(self.down_path):
            x = down(x)
            if i != self.depth - 1:
                kept.append(x)
                x = nn.functional.max_pool2d(x, 2)
        for up, conv in zip(self.up_path, self.up_conv):
            x = up(x)
            x = conv(torch.cat([kept.pop()[..., : x.shape[-2], : x.shape[-1]], x], 1))
        return self.last(x)
