"""A list of settings per stage, of which the strides leave no trace."""

from torch import nn

CHECKPOINT_ARGUMENTS = {
    "settings": [[1, 8, 1, 1, 3], [4, 12, 2, 2, 5], [6, 20, 3, 2, 3]],
    "stem": 10,
    "num_classes": 5,
    "se_ratio": 0.25,
}
TOLD = {"stem": 10, "num_classes": 5}


class SqueezeExcite(nn.Module):
    def __init__(self, channels, reduced):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, reduced, 1), nn.Conv2d(reduced, channels, 1)

    def forward(self, x):
        return x * self.fc2(nn.functional.silu(self.fc1(x.mean((2, 3), keepdim=True)))).sigmoid()


class MBConv(nn.Module):
    def __init__(self, inp, oup, expand, stride, kernel, se_ratio):
        super().__init__()
        mid = inp * expand
        self.expand = nn.Conv2d(inp, mid, 1, bias=False) if expand > 1 else nn.Identity()
        self.bn0 = nn.BatchNorm2d(mid) if expand > 1 else nn.Identity()
        self.depthwise = nn.Conv2d(mid, mid, kernel, stride, kernel // 2, groups=mid, bias=False)
        self.bn1 = nn.BatchNorm2d(mid)
        self.se = SqueezeExcite(mid, max(1, int(inp * se_ratio))) if se_ratio else nn.Identity()
        self.project = nn.Conv2d(mid, oup, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(oup)
        self.skip = stride == 1 and inp == oup

    def forward(self, x):
        y = nn.functional.silu(self.bn0(self.expand(x)))
        y = self.bn2(self.project(self.se(nn.functional.silu(self.bn1(self.depthwise(y))))))
        return x + y if self.skip else y


class EfficientNet(nn.Module):
    # expansion, channels, repeats, stride, kernel
    SETTINGS = (
        (1, 16, 1, 1, 3),
        (6, 24, 2, 2, 3),
    )

    def __init__(self, settings=SETTINGS, stem=32, num_classes=1000, se_ratio=0.25):
        super().__init__()
        self.stem = nn.Conv2d(3, stem, 3, stride=2, padding=1, bias=False)
        blocks = []
        for expand, channels, repeats, stride, kernel in settings:
            for number in range(repeats):
                blocks.append(MBConv(stem, channels, expand, stride if number == 0 else 1, kernel, se_ratio))
                stem = channels
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(stem, num_classes)

    def forward(self, x):
        return self.classifier(self.blocks(self.stem(x)).mean((2, 3)))
