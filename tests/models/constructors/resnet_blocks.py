"""Block counts, width, and a flag that chooses the block."""

from torch import nn

CHECKPOINT_ARGUMENTS = {"layers": [1, 3, 2], "width": 8, "num_classes": 11, "bottleneck": True, "in_channels": 1}
TOLD = CHECKPOINT_ARGUMENTS


def conv_bn(i, o, k, s=1):
    return nn.Sequential(nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o))


class Block(nn.Module):
    def __init__(self, in_ch, ch, stride, bottleneck):
        super().__init__()
        out_ch = ch * 4 if bottleneck else ch
        if bottleneck:
            self.convs = nn.Sequential(
                conv_bn(in_ch, ch, 1), nn.ReLU(), conv_bn(ch, ch, 3, stride), nn.ReLU(), conv_bn(ch, out_ch, 1)
            )
        else:
            self.convs = nn.Sequential(conv_bn(in_ch, ch, 3, stride), nn.ReLU(), conv_bn(ch, ch, 3))
        self.skip = nn.Identity() if stride == 1 and in_ch == out_ch else conv_bn(in_ch, out_ch, 1, stride)

    def forward(self, x):
        return (self.convs(x) + self.skip(x)).relu()


class ResNet(nn.Module):
    def __init__(self, layers, width=16, num_classes=10, bottleneck=False, in_channels=3):
        super().__init__()
        self.stem = conv_bn(in_channels, width, 3)
        stages, ch = [], width
        for i, n in enumerate(layers):
            out = width * 2**i
            stage = []
            for j in range(n):
                stage.append(Block(ch, out, 2 if i and not j else 1, bottleneck))
                ch = out * 4 if bottleneck else out
            stages.append(nn.Sequential(*stage))
        self.stages = nn.Sequential(*stages)
        self.fc = nn.Linear(ch, num_classes)

    def forward(self, x):
        return self.fc(self.stages(self.stem(x).relu()).mean((2, 3)))
