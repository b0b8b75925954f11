"""CIFAR's ResNet by its depth: 6n + 2 layers, shortcuts without parameters, block by name."""

import torch.nn as nn
import torch.nn.functional as F

CHECKPOINT_ARGUMENTS = {"depth": 26, "num_classes": 17, "base": 8, "shortcut": "B"}
TOLD = CHECKPOINT_ARGUMENTS


class BasicBlock(nn.Module):
    def __init__(self, in_planes, planes, stride=1, option="A"):
        super(BasicBlock, self).__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, kernel_size=3, stride=1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        self.pad = 0
        if stride != 1 or in_planes != planes:
            if option == "A":
                self.pad = planes // 4
            elif option == "B":
                self.shortcut = nn.Sequential(
                    nn.Conv2d(in_planes, planes, kernel_size=1, stride=stride, bias=False), nn.BatchNorm2d(planes)
                )
            else:
                raise ValueError(option)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        short = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.pad, self.pad)) if self.pad else self.shortcut(x)
        return F.relu(out + short)


class CifarResNet(nn.Module):
    def __init__(self, depth=20, num_classes=10, base=16, shortcut="A"):
        super(CifarResNet, self).__init__()
        assert (depth - 2) % 6 == 0, "depth should be 6n+2"
        n = (depth - 2) // 6
        self.in_planes = base
        self.conv1 = nn.Conv2d(3, base, kernel_size=3, stride=1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        self.layer1 = self._make_layer(base, n, 1, shortcut)
        self.layer2 = self._make_layer(base * 2, n, 2, shortcut)
        self.layer3 = self._make_layer(base * 4, n, 2, shortcut)
        self.linear = nn.Linear(base * 4, num_classes)

    def _make_layer(self, planes, num_blocks, stride, option):
        layers = []
        for stride in [stride] + [1] * (num_blocks - 1):
            layers.append(BasicBlock(self.in_planes, planes, stride, option))
            self.in_planes = planes
        return nn.Sequential(*layers)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer3(self.layer2(self.layer1(out)))
        return self.linear(F.adaptive_avg_pool2d(out, 1).flatten(1))
