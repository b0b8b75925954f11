"""Depths and dims per stage, a float ratio, a scale that exists only when its first value is positive."""

import torch
from torch import nn

CHECKPOINT_ARGUMENTS = {
    "in_chans": 1,
    "num_classes": 8,
    "depths": [2, 1, 3],
    "dims": [6, 12, 20],
    "mlp_ratio": 2.5,
    "kernel_size": 5,
    "layer_scale_init_value": 0.0,
}
TOLD = {
    "in_chans": 1,
    "num_classes": 8,
    "depths": [2, 1, 3],
    "dims": [6, 12, 20],
    "kernel_size": 5,
    "layer_scale_init_value": 0.0,
}


class Block(nn.Module):
    def __init__(self, dim, mlp_ratio, kernel_size, layer_scale_init_value):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, kernel_size=kernel_size, padding=kernel_size // 2, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.pwconv1 = nn.Linear(dim, int(mlp_ratio * dim))
        self.pwconv2 = nn.Linear(int(mlp_ratio * dim), dim)
        self.gamma = nn.Parameter(layer_scale_init_value * torch.ones(dim)) if layer_scale_init_value > 0 else None

    def forward(self, x):
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.pwconv2(nn.functional.gelu(self.pwconv1(y)))
        y = y if self.gamma is None else self.gamma * y
        return x + y.permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    def __init__(
        self,
        in_chans=3,
        num_classes=1000,
        depths=[3, 3, 9, 3],
        dims=[16, 32, 64, 128],
        mlp_ratio=4.0,
        kernel_size=7,
        layer_scale_init_value=1e-6,
    ):
        super().__init__()
        assert len(depths) == len(dims)
        self.downsample_layers = nn.ModuleList([nn.Conv2d(in_chans, dims[0], kernel_size=4, stride=4)])
        for i in range(len(dims) - 1):
            self.downsample_layers.append(nn.Conv2d(dims[i], dims[i + 1], kernel_size=2, stride=2))
        self.stages = nn.ModuleList()
        for i in range(len(dims)):
            blocks = [Block(dims[i], mlp_ratio, kernel_size, layer_scale_init_value) for _ in range(depths[i])]
            self.stages.append(nn.Sequential(*blocks))
        self.head = nn.Linear(dims[-1], num_classes)

    def forward(self, x):
        for down, stage in zip(self.downsample_layers, self.stages):
            x = stage(down(x))
        return self.head(x.mean([-2, -1]))
