"""Two models to measure a forward pass on: one where arithmetic takes the time, one where the number of modules does."""

import torch
from torch import nn

LAYERS = (3, 4, 6, 3)
BATCH = 4


class Bottleneck(nn.Module):
    """The residual block of a ResNet-50: 1 x 1, 3 x 3, 1 x 1, and a shortcut."""

    def __init__(self, channels_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        same = channels_in == 4 * width and stride == 1
        self.downsample = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(channels_in, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        return self.relu(self.bn3(self.conv3(out)) + self.downsample(x))


class ResNet50(nn.Module):
    """As in the paper: 161 modules, 25.6 million parameters."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        )
        channels, stages = 64, []
        for number, blocks in enumerate(LAYERS):
            width = 64 * 2**number
            strides = [1 if number == 0 else 2] + [1] * (blocks - 1)
            stages.append(
                nn.Sequential(*(Bottleneck(channels if i == 0 else 4 * width, width, s) for i, s in enumerate(strides)))
            )
            channels = 4 * width
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.fc(self.pool(self.stages(self.stem(images))).flatten(1))


class ManyModules(nn.Module):
    """Thousands of small layers: each of ``blocks`` blocks holds three modules and is one itself."""

    def __init__(self, blocks: int = 3000, width: int = 8) -> None:
        super().__init__()
        parts = ((nn.Linear(width, width), nn.LayerNorm(width), nn.ReLU()) for _ in range(blocks))
        self.blocks = nn.Sequential(*(nn.Sequential(*part) for part in parts))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.blocks(rows)


def resnet50() -> nn.Module:
    """A ResNet-50 that is not learning."""
    return ResNet50().eval()


def many_modules(width: int = 8) -> nn.Module:
    """12,002 modules."""
    return ManyModules(width=width).eval()


def some_modules() -> nn.Module:
    """402 modules, for a quick look."""
    return ManyModules(100).eval()
